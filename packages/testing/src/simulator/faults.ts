// SPDX-License-Identifier: Apache-2.0
import type { FaultKind } from "./fault-kinds.js";
import type { SimLink } from "./sim-link.js";
import type { SimProcess } from "./sim-process.js";
import type { Simulation } from "./simulation.js";

/** Lets a fault happen, to something drawn now. */
export function applyFault(simulation: Simulation, kind: FaultKind): void {
  const { world } = simulation;
  const { random, scenario } = world;
  const graceMs = scenario.isGentle ? 25_000 : random.integer(3_000);
  const downMs = random.integer(scenario.isSlow ? 8_000 : 800);
  const instance = pick(simulation, simulation.liveInstances);
  const router = pick(simulation, simulation.network.routers);
  const client = pick(simulation, simulation.clients);
  switch (kind) {
    case "reset link":
    case "half-open link":
    case "mute link":
    case "stall link":
      disturb(simulation, kind, pick(simulation, simulation.openLinks));
      return;
    case "pause router":
      pause(simulation, router?.process);
      return;
    case "pause instance":
      pause(simulation, instance?.process);
      return;
    case "pause client":
      pause(simulation, client?.process);
      return;
    case "kill instance":
    case "lose instance":
      instance?.kill(kind === "lose instance");
      if (instance !== undefined) simulation.startInstanceLater(instance.id, downMs);
      return;
    case "drain instance":
      instance?.drain(graceMs);
      if (instance !== undefined) simulation.startInstanceLater(instance.id, downMs);
      return;
    case "take instance over":
      if (instance !== undefined) simulation.startInstance(instance.id);
      return;
    case "impersonate instance":
      if (instance !== undefined) simulation.impersonate(instance.id, random.integer(3_000));
      return;
    case "restate": {
      const stating = pick(
        simulation,
        simulation.liveInstances.filter((one) => one.restates),
      );
      stating?.restate(random.integer(3) > 0);
      return;
    }
    case "fill memory":
      router?.fillMemory(random.integer(1_000));
      return;
    case "change capacity":
      instance?.setCapacity(random.integer(5));
      return;
    case "kill router":
      router?.kill(downMs);
      return;
    case "drain router":
      router?.drain(random.integer(3_000), downMs);
      return;
    case "close client":
      client?.reset();
      return;
  }
}

/** Ends every fault: from here on nothing but the rules is in anybody's way. */
export function heal(simulation: Simulation): void {
  const { world, network } = simulation;
  world.note("world", "heals");
  for (const process of world.processes) process.resume();
  for (const peer of simulation.hostile) peer.stop();
  for (const link of network.links) if (!link.isOver && link.troubledUntilMs === Number.POSITIVE_INFINITY) link.reset();
  for (const router of network.routers) {
    router.restart();
    router.pressure = 0;
  }
  simulation.operators.heal();
  for (const impostor of simulation.instances.filter(({ isImpostor }) => isImpostor)) impostor.kill(false);
  for (const client of simulation.clients) client.finish();
  for (const instance of simulation.liveInstances) {
    instance.setCapacity(4);
    instance.restate(true);
  }
  // One process of each id that takes calls.
  for (const id of simulation.instanceIds) {
    if (simulation.liveInstances.every((instance) => instance.id !== id)) simulation.startInstance(id);
  }
}

function disturb({ world }: Simulation, kind: FaultKind, link: SimLink | undefined): void {
  if (link === undefined) return;
  const { random, scenario } = world;
  if (kind === "reset link") {
    world.note("network", `${link.name} is reset`);
    link.reset();
  } else if (kind === "half-open link") {
    world.note("network", `${link.name} is half-open`);
    link.cut();
  } else if (kind === "mute link") {
    const direction = random.integer(2) === 0 ? "toLeft" : "toRight";
    world.note("network", `${link.name} is mute ${direction}`);
    link.cut(direction);
  } else {
    const direction = (["toLeft", "toRight", "both"] as const)[random.integer(3)] ?? "both";
    const ms = random.integer(scenario.isSlow && !scenario.isGentle ? 15_000 : 1_000);
    world.note("network", `${link.name} stalls ${direction} for ${ms} ms`);
    link.stall(direction, ms);
  }
}

function pause({ world }: Simulation, process: SimProcess | undefined): void {
  if (process === undefined || process.state !== "running") return;
  const ms = world.random.integer(world.scenario.isSlow ? 25_000 : 1_500);
  world.note(process.name, `stands still for ${ms} ms`);
  process.pause();
  world.loop.at(world.nowMs + ms, () => {
    if (process.state === "paused") world.note(process.name, "goes on");
    process.resume();
  });
}

function pick<Item>({ world }: Simulation, items: readonly Item[]): Item | undefined {
  return items[world.random.integer(Math.max(items.length, 1))];
}
