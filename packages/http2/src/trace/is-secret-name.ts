// SPDX-License-Identifier: Apache-2.0

const secretName = /^(proxy-)?authorization$|^(set-)?cookie$|-bin$|token|secret|password|credential|api-?key/;

/** Whether the values of such a field are credentials, or may be; binary metadata says nothing to a reader anyway. */
export function isSecretName(name: string): boolean {
  return secretName.test(name.toLowerCase());
}
