// SPDX-License-Identifier: Apache-2.0

/** The sending and receiving end of messages between a process and the one that started it. */
export interface MessagePort {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** What a side of a link can be asked; each name is a question. */
export type Answers = Readonly<Record<string, (argument: never) => unknown>>;

/** Questions and answers between two processes, in both directions. */
export interface Link {
  /** Asks the other side. Rejects with the other side's error. The caller knows the type of what it asks for. */
  ask<T>(name: string, argument?: unknown): Promise<T>;
}

type Message =
  | { readonly kind: "ask"; readonly id: number; readonly name: string; readonly argument: unknown }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failure"; readonly id: number; readonly message: string };

/** Creates this process's side of a link. */
export function createLink(port: MessagePort, answers: Answers): Link {
  const open = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  const answer = async (id: number, name: string, argument: unknown) => {
    try {
      const question = answers[name];
      if (question === undefined) throw new Error(`Cannot answer: the question must be known, received ${name}`);
      port.send({ kind: "answer", id, value: await question(argument as never) } satisfies Message);
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      port.send({ kind: "failure", id, message } satisfies Message);
    }
  };
  port.onMessage((received) => {
    const message = received as Message; // the other side is createLink, too
    if (message.kind === "ask") {
      void answer(message.id, message.name, message.argument);
      return;
    }
    const question = open.get(message.id);
    open.delete(message.id);
    if (message.kind === "answer") question?.resolve(message.value);
    else question?.reject(new Error(message.message));
  });
  return {
    ask<T>(name: string, argument?: unknown) {
      const question = Promise.withResolvers<unknown>();
      open.set(++lastId, question);
      port.send({ kind: "ask", id: lastId, name, argument } satisfies Message);
      return question.promise as Promise<T>;
    },
  };
}

/** The link to the process that started this one, with which this one ends; undefined if it did not ask for one. */
export function linkToParent(answers: Answers): Link | undefined {
  if (process.send === undefined) return undefined;
  process.once("disconnect", () => process.exit(1));
  return createLink(
    {
      // Nobody is there to be told once the parent is gone.
      send: (message) => void (process.connected && process.send?.(message)),
      onMessage: (listener) => void process.on("message", listener),
    },
    answers,
  );
}
