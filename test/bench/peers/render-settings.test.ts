// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { renderSettings } from "./render-settings.ts";

const template = "listen @port@\n#if tls\ncert @cert@\n#else\nplain\n#end\nend @port@\n";

describe("renderSettings()", () => {
  test("keeps the lines that hold and fills in the names", () => {
    expect(renderSettings(template, { port: 1, tls: false })).toBe("listen 1\nplain\nend 1\n");
    expect(renderSettings(template, { port: 2, tls: true, cert: "a.pem" })).toBe("listen 2\ncert a.pem\nend 2\n");
  });

  test("refuses a name without a value and a condition without an end", () => {
    expect(() => renderSettings(template, { port: 1, tls: true })).toThrow("cert must have a value");
    expect(() => renderSettings(template, { port: 1 })).toThrow("tls must have a value");
    expect(() => renderSettings("#if tls\n", { tls: true })).toThrow("every #if must have its #end");
  });

  test.each(["haproxy.cfg.template", "nginx.conf.template", "envoy.yaml.template"])(
    "leaves nothing open in %s",
    (name) => {
      const text = readFileSync(new URL(`settings/${name}`, import.meta.url), "utf8");
      const values = {
        port: 1,
        backendPort: 2,
        cert: "c.pem",
        key: "k.pem",
        both: "b.pem",
        folder: "/tmp/x",
        maxConnections: 9,
        openFiles: 20,
      };
      for (const tls of [false, true]) {
        const rendered = renderSettings(text, { ...values, tls });
        expect(rendered.split("\n").filter((line) => /@\w+@/.test(line) && !line.startsWith("#"))).toEqual([]);
        expect(rendered).not.toMatch(/^#(if|else|end)/m);
        expect(rendered.includes("c.pem") || rendered.includes("b.pem")).toBe(tls);
      }
    },
  );
});
