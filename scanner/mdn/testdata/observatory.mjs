// Scans hosts on this machine with MDN's HTTP Observatory, whose own command
// takes no ports: node observatory.mjs FOLDER HTTP-PORT HTTPS-PORT HOST...
// Every name is 127.0.0.1. One line of JSON for each host.
import dns from "node:dns";
import { pathToFileURL } from "node:url";
import path from "node:path";

const [folder, httpPort, httpsPort, ...hosts] = process.argv.slice(2);
dns.lookup = (name, options, callback) => {
  if (typeof options === "function") [callback, options] = [options, {}];
  if (options && options.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};
const load = (file) => import(pathToFileURL(path.join(folder, "src", file)).href);
const { retrieve } = await load("retriever/retriever.js");
const { ALL_TESTS } = await load("constants.js");
const { getGradeForScore, getScoreModifier } = await load("grader/grader.js");

for (const host of hosts) {
  // A closed port is port 1 here.
  const requests = await retrieve(host, {
    httpPort: host.startsWith("no-http.") ? "1" : httpPort,
    httpsPort: host.startsWith("no-https.") ? "1" : httpsPort,
  });
  // What follows is the sum of its scan function, which takes no ports either.
  let plain = 100;
  let credit = 100;
  const tests = ALL_TESTS.map((test) => {
    const { result, constructor } = test(requests);
    const modifier = getScoreModifier(result);
    credit += modifier;
    plain += Math.min(modifier, 0);
    return { name: constructor.name, result, modifier };
  });
  const { score, grade } = getGradeForScore(plain >= 90 ? credit : plain);
  console.log(JSON.stringify({ host, score, grade, tests }));
}
