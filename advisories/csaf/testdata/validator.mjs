// Reads documents, one a line as {"name", "document"}, and writes for each which
// tests fail: node validator.mjs FOLDER, where FOLDER is that of
// @secvisogram/csaf-validator-lib.
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const folder = pathToFileURL(process.argv[2] + '/')
const basic = await import(new URL('basic.js', folder))
const mandatory = await import(new URL('mandatoryTests.js', folder))
const tests = { ...basic, ...mandatory } // 6.1.8 is a part of basic's schema

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { name, document } = JSON.parse(line)
  const failed = []
  for (const [test, run] of Object.entries(tests)) {
    const { isValid, errors } = await run(document)
    if (isValid === false || errors?.length) {
      failed.push(test.startsWith('mandatoryTest_') ? 'csaf.' + test.slice(14).replaceAll('_', '.') : 'csaf.schema')
    }
  }
  console.log(JSON.stringify({ name, failed: failed.sort() }))
}
