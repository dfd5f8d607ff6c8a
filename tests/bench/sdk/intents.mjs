// node-nlp as one teaches it: an intent for each verdict and each kind of outcome, the turns of a labelled conversation as what
// people say for it. Shared by train.mjs and bolt.mjs.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import path from "node:path";

// Its own settings, but for two: no model is written beside the program, and no line a lesson. `forceNER`, as its README starts it,
// looks for dates, numbers and the like in each sentence, too; what it takes the sentence for is the same.
export function manager(modules, forceNER = false) {
  const require = createRequire(path.join(path.resolve(modules), "package.json"));
  const { NlpManager } = require("node-nlp");
  return new NlpManager({ languages: ["en"], autoSave: false, nlu: { log: false }, forceNER });
}

export const conversations = (file) =>
  readFileSync(file, "utf8").split("\n").filter((line) => line.trim()).map((line) => JSON.parse(line));

export const said = (conversation) => conversation.say.join("\n");

// The first of several acceptable verdicts.
export const intent = (conversation) => conversation.kind === "verdict" ? conversation.verdict[0] : conversation.kind;

// As tests/corpus/run.py has it, but for situations, which a classifier does not name: a kindness to it. Nothing recognised
// ("None") counts as "unknown".
export const right = (conversation, answer) => {
  const name = answer === "None" ? "unknown" : answer;
  return conversation.kind === "verdict" ? conversation.verdict.includes(name) : name === conversation.kind;
};
