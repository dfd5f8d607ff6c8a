// Teaches node-nlp from labelled conversations and scores it on others.
//
// usage: node train.mjs MODULES MODEL TAUGHT... -- STRANGERS...      MODULES holds node_modules; MODEL is written
// Prints one line of JSON: {"taught", "seconds", "right", "of"}.
import { writeFileSync } from "node:fs";
import { conversations, intent, manager, right, said } from "./intents.mjs";

const [modules, model, ...files] = process.argv.slice(2);
const border = files.indexOf("--");
const taught = files.slice(0, border).flatMap(conversations);
const strangers = files.slice(border + 1).flatMap(conversations);

const nlp = manager(modules);
for (const conversation of taught) {
  nlp.addDocument("en", said(conversation), intent(conversation));
}
const start = process.hrtime.bigint();
await nlp.train();
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
writeFileSync(model, nlp.export(true));

let hits = 0;
for (const conversation of strangers) {
  hits += right(conversation, (await nlp.process("en", said(conversation))).intent);
}
console.log(JSON.stringify({ taught: taught.length, seconds, right: hits, of: strangers.length }));
