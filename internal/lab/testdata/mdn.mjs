// Scans sites of the lab with the MDN HTTP Observatory's own scan function, one
// line of JSON each:
//
//   node mdn.mjs FOLDER RESOLVER SITE...
//
// FOLDER is the installed package. Names are asked of RESOLVER, the lab's,
// rather than of this machine's.
import dns from "node:dns";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, resolver, ...sites] = process.argv.slice(2);
const lab = new dns.Resolver();
lab.setServers([resolver]);
dns.lookup = (name, options, callback) => {
  if (typeof options === "function") [options, callback] = [{}, options];
  lab.resolve4(name, (err, addrs) => {
    if (err) return callback(err);
    if (options.all) return callback(null, addrs.map((address) => ({ address, family: 4 })));
    callback(null, addrs[0], 4);
  });
};
// The list of preloaded domains is fetched when the package is installed; no
// name of the lab is on it.
const read = fs.readFileSync;
fs.readFileSync = (file, ...rest) => (String(file).endsWith("hsts-preload.json") ? "{}" : read(file, ...rest));
const { scan } = await import(pathToFileURL(path.join(folder, "src", "scanner", "index.js")));
for (const site of sites) {
  let line;
  try {
    const { scan: head, tests } = await scan(site);
    line = { site, score: head.score, grade: head.grade, tests: {} };
    for (const [name, t] of Object.entries(tests)) line.tests[name] = { pass: t.pass, result: t.result, modifier: t.scoreModifier };
  } catch (e) {
    line = { site, error: String(e.message ?? e) };
  }
  console.log(JSON.stringify(line));
}
process.exit(0);
