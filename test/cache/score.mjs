// Runs the suite in the folder of the first argument against the base URL of the second, and prints how it went as JSON:
// {kinds: {required: {pass, fail, other, total}, …}, suites: [{id, …}], open: [[id, kind, outcome, text]]}.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [dir, base, only] = process.argv.slice(2)
const engine = existsSync(path.join(dir, 'test-engine')) ? path.join(dir, 'test-engine') : dir
const load = file => import(pathToFileURL(path.resolve(file)))

const tests = [...(await load(path.join(dir, 'tests/index.mjs'))).default]
const { runTests, getResults } = await load(path.join(engine, 'client/runner.mjs'))
const results = existsSync(path.join(engine, 'lib/results.mjs')) ? 'lib/results.mjs' : 'lib/display.mjs'
const { determineTestResult } = await load(path.join(engine, results))

let chosen = tests
if (only) chosen = tests.map(s => ({ ...s, tests: s.tests.filter(t => only.split(',').includes(t.id)) }))
if (runTests.length > 3) await runTests(chosen, (await import('node-fetch')).default, false, base)
else await runTests(chosen, false, base)

const got = getResults()
const names = { '✅': 'pass', '⛔️': 'fail', '⚠️': 'fail', Y: 'yes', N: 'no', '🔹': 'setup', '⁉️': 'harness', '⚪️': 'dependency', '↻': 'retry', '-': 'untested' }
const empty = () => ({ pass: 0, fail: 0, other: 0, total: 0 })
const kinds = {}
const suites = []
const open = []
for (const suite of chosen) {
  const row = { id: suite.id, required: empty(), optimal: empty() }
  for (const test of suite.tests) {
    if (test.browser_only) continue
    const kind = test.kind || 'required'
    const outcome = names[determineTestResult(tests, test.id, got)[2]]
    const column = outcome === 'pass' || outcome === 'yes' ? 'pass' : outcome === 'fail' || outcome === 'no' ? 'fail' : 'other'
    kinds[kind] ??= empty()
    for (const count of [kinds[kind], row[kind]]) {
      if (!count) continue
      count[column]++
      count.total++
    }
    if (column !== 'pass') open.push([test.id, kind, outcome, String(got[test.id]?.[1] ?? '')])
  }
  suites.push(row)
}
console.log(JSON.stringify({ kinds, suites, open }, null, 1))
process.exit(0)
