// SPDX-License-Identifier: Apache-2.0
import { checkCounts } from "./check-counts.js";
import type { Network } from "./network.js";
import type { Simulation } from "./simulation.js";

/** What holds when every call is over and everybody is still there. */
export function checkIdle({ world, network, instances, clients }: Simulation): void {
  for (const { core, name, isUp } of network.routers) {
    if (!isUp) continue;
    for (const { instanceId, openCalls } of core.instances()) {
      if (openCalls > 0) world.violate("idle", `${name} is idle, and ${openCalls} slots of ${instanceId} are taken`);
    }
    if (core.heldCalls > 0) world.violate("idle", `${name} is idle and holds ${core.heldCalls} records of calls`);
    if (core.replayBytes > 0) world.violate("idle", `${name} is idle and keeps ${core.replayBytes} bytes of requests`);
    for (const { service, extraAttempts, underWay, methodsUnderWay } of core.policies()) {
      if (extraAttempts === 0 && underWay === 0 && methodsUnderWay === 0) continue;
      const counts = `${extraAttempts} retries, ${underWay} calls, ${methodsUnderWay} calls of methods`;
      world.violate("idle", `${name} is idle, and the policies of ${service} count ${counts}`);
    }
    for (const { keptBytes, headBytes, lingering } of core.usage()) {
      if (keptBytes + headBytes + lingering === 0) continue;
      world.violate(
        "idle",
        `${name} is idle and keeps ${keptBytes} bytes, ${headBytes} of heads, ${lingering} slots of a client`,
      );
    }
  }
  checkStated(network);
  checkCounts(world, network);
  world.interceptions.checkIdle();
  for (const instance of instances) {
    if (!instance.isAlive) continue;
    if (instance.running > 0)
      world.violate("idle", `${instance.process.name} is idle and runs ${instance.running} calls`);
    for (const tap of instance.taps) tap.checkIdle();
  }
  for (const { process, openStreams } of clients) {
    if (openStreams > 0) world.violate("idle", `${process.name} is idle with ${openStreams} open streams`);
  }
}

/** A router's list of instances is what they have said of themselves. */
function checkStated({ routers, newest }: Network): void {
  for (const { router, state } of newest.values()) {
    const owner = routers.find(({ process }) => process === state.owner.routerProcess);
    if (owner === undefined || !owner.isUp || !state.isLive || state.owner.isHostile) continue;
    const listed = owner.core.instances().find(({ instanceId, service, state: is }) => {
      return instanceId === state.instanceId && service === state.service && is !== "draining";
    });
    const { capacity, isServing, labels, weight } = router.facts;
    const said = JSON.stringify([labels, weight, isServing, capacity]);
    const isStated = Number.isFinite(capacity);
    const heard = listed && [
      listed.labels,
      listed.weight,
      listed.state === "serving",
      isStated ? listed.capacity : null,
    ];
    if (JSON.stringify(heard) !== said) {
      state.violate("stated", `${state.instanceId} is listed as ${JSON.stringify(heard)} and has said ${said}`);
    }
  }
}

/** What holds when everything has been closed: no timer, no promise of user code. */
export function checkNothingLeft({ world }: Simulation): void {
  for (const { name, state, timers, work } of world.processes) {
    if (state === "dead" || (timers === 0 && work === 0)) continue;
    world.violate("idle", `${name} has been closed and has ${timers} timers, ${work} things at work`);
  }
}
