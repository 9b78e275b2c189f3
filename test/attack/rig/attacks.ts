// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from "node:fs";
import type { Attack } from "../attack.ts";

const folder = new URL("../attacks/", import.meta.url);

/** All attacks, in the order of their numbers. */
export async function loadAttacks(): Promise<Attack[]> {
  const names = readdirSync(folder).filter((name) => /^a\d\d-.+\.ts$/.test(name) && !name.endsWith(".test.ts"));
  return await Promise.all(names.sort().map(load));
}

/** The attack with this id. @throws Error when there is none. */
export async function loadAttack(id: string): Promise<Attack> {
  const number = id.slice(1).padStart(2, "0");
  const name = readdirSync(folder).find((name) => name.startsWith(`a${number}-`));
  if (name === undefined) throw new Error(`Cannot attack: the id must be of a file in attacks/, received ${id}`);
  return await load(name);
}

async function load(name: string): Promise<Attack> {
  const { attack } = (await import(new URL(name, folder).href)) as { attack?: Attack }; // checked below
  if (attack === undefined) throw new Error(`Cannot load ${name}: it must export \`attack\``);
  return attack;
}
