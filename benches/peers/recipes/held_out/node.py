"""What Node's tools print, and what other npm packages than the first set's ship."""

import json
import subprocess

from workbench import Skipped

PACKAGES = [
    "koa@2.15.3", "koa-router@12.0.1", "prettier@3.2.5", "vue@3.4.27", "mocha@10.4.0", "chai@4.4.1", "pyright@1.1.364",
    "oxlint@0.4.2", "@biomejs/biome@1.7.3", "stylelint@16.5.0", "stylelint-config-standard@36.0.0", "bulma@1.0.0",
    "animate.css@4.1.1", "d3@7.9.0", "htmx.org@1.9.12", "alpinejs@3.13.10", "three@0.164.1", "esbuild@0.21.3", "vite@5.2.11",
    "rollup@4.17.2", "pino@9.1.0", "fastify@4.27.0", "deep-equal@2.2.3", "object.getownpropertydescriptors@2.1.8", "es-value-fixtures@1.4.2", "make-arrow-function@1.2.0", "string.prototype.repeat@1.0.0", "has-typed-arrays@1.0.1", "object-inspect@1.13.1", "tape@5.7.5", "date-fns@3.6.0",
    "zod@3.23.8", "katex@0.16.10", "leaflet@1.9.4", "ava@6.1.3", "mdn-data@2.6.0", "@modelcontextprotocol/server-everything@2025.1.14",
]


def fetch(bench):
    bench.need("node", "npm")
    home = bench.folder("node")
    # The settings of whoever runs this would show in every output.
    bench.env["NPM_CONFIG_USERCONFIG"] = str(bench.write(home / "npmrc", ""))
    bench.env["PATH"] = f"{home}/node_modules/.bin:{bench.env['PATH']}"
    if not (home / "package.json").exists():
        bench.write(home / "package.json", json.dumps({"name": "desk", "version": "0.3.0", "private": True}, indent=2))
    bench.once("node-packages", home, "npm install --no-audit --no-fund --save-exact " + " ".join(PACKAGES))
    # What lies under `node_modules` is seldom linted.
    bench.once("node-vendored", home, "mkdir -p vendored broken && cp -rL node_modules/koa/lib vendored/koa && cp -rL node_modules/tape vendored/tape && "
               "cp -rL node_modules/deep-equal node_modules/object-inspect broken/ && mkdir -p styles && cp node_modules/leaflet/dist/leaflet.css "
               "node_modules/bulma/css/bulma.css styles/",
               "sed -i \"s/opts.depth/opts.deep/; s/quoteStyle === 'double'/quoteStyle === 'single'/; s/'Symbol('/'Sym('/\" broken/object-inspect/index.js",
               "sed -i 's/opts.strict ? is(actual, expected)/opts.strict ? actual == expected/; s/a.length !== b.length/a.length === b.length + 1/' broken/deep-equal/index.js")
    bench.write(home / "tickets/queue.js", QUEUE)
    bench.write(home / "tickets/queue.spec.js", QUEUE_SPEC)
    bench.write(home / "tickets/queue.ava.js", QUEUE_AVA)
    bench.write(home / "tickets/site.js", SITE)


def tests(bench):
    home = bench.folder("node")
    bench.shell("mocha_failures", "test run", "mocha --reporter spec tickets/queue.spec.js 2>&1", home, "Why does the queue lose its order?")
    bench.shell("tape_object_inspect", "test run", "for file in test/*.js; do node $file; done 2>&1", home / "broken/object-inspect", "What fails about symbols?", limit=24_000)
    bench.shell("tape_failures_deep_equal", "test run", "node test/cmp.js 2>&1", home / "broken/deep-equal", limit=24_000)
    bench.shell("ava_failures", "test run", "ava --verbose tickets/queue.ava.js 2>&1", home)
    bench.shell("mocha_json", "nested json", "mocha --reporter json tickets/queue.spec.js 2>/dev/null", home, "Which test is slowest?")


def linters(bench):
    home = bench.folder("node")
    bench.shell("pyright_text", "linter", "pyright --pythonversion 3.11 src 2>&1", bench.folder("python", "src") / "marshmallow-3.21.2", limit=20_000)
    bench.shell("pyright_json", "json records", "pyright --outputjson --pythonversion 3.11 src/attr 2>/dev/null", bench.folder("python", "src") / "attrs-23.2.0",
                "What is wrong in _make.py?", limit=26_000)
    bench.shell("biome_lint", "linter", "biome lint --max-diagnostics=60 --colors=off vendored/koa vendored/tape/lib 2>&1", home, "Which rules are broken most?", limit=24_000)
    bench.shell("oxlint_unix", "linter", "oxlint -D all --format unix vendored/tape vendored/koa 2>&1", home, limit=20_000)
    bench.shell("stylelint_compact", "linter", "cp -n node_modules/stylelint-config-standard/index.js stylelint.config.js; stylelint -f unix --config node_modules/stylelint-config-standard/index.js styles/leaflet.css 2>&1", home)
    bench.shell("prettier_diff", "diff", "for file in vendored/koa/*.js; do prettier $file | diff -u $file - ; done", home, "Does it only change quotes?")


def packages(bench):
    home = bench.folder("node")
    bench.shell("npm_view_koa", "api json", "npm view koa@2.15.3 --json", home, "Who maintains it?")
    bench.shell("npm_view_vue_time", "api json", "npm view vue time dist-tags --json", home, "Which version came before 3.4.27?", limit=20_000)
    bench.shell("npm_query", "json records", "npm query '#koa > *, #fastify > *' | head -c 30000", home, limit=30_000)
    bench.shell("npm_sbom", "nested json", "npm sbom --sbom-format cyclonedx", home, limit=30_000)
    bench.shell("npm_explain", "listing", "npm explain ms debug iconv-lite http-errors", home, "Who pulls in debug 4?")
    bench.shell("npm_config_long", "config", "npm config ls -l", home, "Is strict-ssl on?")
    bench.shell("npm_diff_koa", "diff", "npm diff --diff=koa@2.13.4 --diff=koa@2.15.3", home, "What changed in the context?")
    bench.shell("npm_pack_dry", "listing", "npm pack --dry-run 2>&1", home / "node_modules/date-fns", limit=20_000)
    bench.shell("npm_http_log", "build log", "rm -rf more && mkdir more && cd more && echo '{}' > package.json && npm install --loglevel http --no-audit --no-fund gulp@4.0.2 2>&1", home)
    bench.shell("vite_build", "build log", "vite build site --debug 2>&1", home, before="mkdir -p site && echo '<div id=app></div><script type=module src=./main.js></script>' > site/index.html && "
                "echo \"import { createApp } from 'vue'; import * as d3 from 'd3'; import { format } from 'date-fns'; createApp({ render: () => format(new Date(), 'yyyy') + d3.version }).mount('#app')\" > site/main.js",
                limit=26_000)
    bench.shell("esbuild_metafile", "nested json", "esbuild site/main.js --bundle --minify --outfile=out/main.js --metafile=meta.json --log-level=error && cat meta.json", home, "What makes the bundle large?", limit=30_000)
    bench.shell("esbuild_analyze", "listing", "esbuild site/main.js --bundle --outfile=out/all.js --analyze=verbose 2>&1", home, limit=20_000)
    bench.read("read_package_lock_desk", "config", home / "package-lock.json", lines=500, first=1200)


def shipped(bench):
    home = bench.folder("node")
    modules = home / "node_modules"
    bench.shell("min_vue", "minified", "head -c 30000 node_modules/vue/dist/vue.global.prod.js", home, "Which version is this?")
    bench.shell("min_htmx", "minified", "cat node_modules/htmx.org/dist/htmx.min.js", home, limit=40_000)
    bench.shell("min_alpine", "minified", "cat node_modules/alpinejs/dist/cdn.min.js", home, "Is there a directive x-teleport?", limit=40_000)
    bench.shell("min_animate_css", "minified", "head -c 30000 node_modules/animate.css/animate.min.css", home)
    bench.shell("min_d3_scale", "minified", "cat node_modules/d3-scale/dist/d3-scale.min.js node_modules/d3-array/dist/d3-array.min.js", home)
    bench.shell("min_esbuild_out", "minified", "esbuild node_modules/zod/lib/index.mjs --bundle --minify | head -c 30000", home)
    bench.shell("inline_map_esbuild", "base64", "esbuild tickets/queue.js --sourcemap=inline --sources-content=true --target=es2017", home, "Is the class still there?")
    bench.shell("katex_data_uris", "base64", "esbuild node_modules/katex/dist/katex.css --bundle --loader:.woff2=dataurl --loader:.woff=empty --loader:.ttf=empty --minify | head -c 24000", home)
    bench.shell("leaflet_images", "base64", "for file in node_modules/leaflet/dist/images/*.png; do echo $file; base64 $file; done", home)
    bench.shell("mdn_properties", "json records", "head -c 28000 node_modules/mdn-data/api/inheritance.json", home)
    bench.shell("mdn_at_rules", "nested json", "cat node_modules/mdn-data/css/at-rules.json", home, "Which descriptors has @font-face?", limit=30_000)
    bench.shell("manifests_of_tools", "nested json", "cat node_modules/{koa,mocha,stylelint,fastify,ava}/package.json", home)
    bench.shell("koa_history", "prose", "head -c 24000 node_modules/koa/History.md", home, "In which release did ctx.redirect change?")
    bench.read("read_pino_api", "prose", modules / "pino/docs/api.md", lines=360)
    bench.shell("fastify_docs", "mixed", "cat node_modules/fastify/docs/Reference/Errors.md node_modules/fastify/docs/Reference/Hooks.md", home, "Which hook runs before parsing?")
    bench.read("read_koa_application", "source", modules / "koa/lib/application.js", "Where is the body sent?")
    bench.shell("cat_zod_types", "source", "sed -n '1,420p' node_modules/zod/lib/types.d.ts", home)
    bench.shell("sed_bulma_css", "source", "sed -n '1,500p' styles/bulma.css", home)
    bench.shell("fd_listing", "listing", "fdfind -t f . node_modules/three/examples/jsm node_modules/prettier | sort", home, "Which loaders are there?", limit=20_000)
    bench.shell("ls_la_recursive", "listing", "ls -laR --time-style=+%F node_modules/koa node_modules/pino | head -420", home)
    bench.need("rg")
    bench.shell("rg_ctx_body", "search", "rg -n --no-heading 'ctx\\.(body|status|state)' node_modules/koa node_modules/koa-router --sort path", home)
    bench.shell("rg_count_matches", "search", "rg --count-matches 'new Error' node_modules -g '*.js' --sort path | head -400", home, "Which package throws most?")
    bench.shell("katex_html", "html", "node -e \"const k = require('katex'); console.log('<!DOCTYPE html><html><head><title>Formulas</title></head><body>'); for (const t of ['x^2', '\\\\\\\\frac{a}{b}', '\\\\\\\\sqrt{2}']) "
                "console.log('<h2>' + t + '</h2>' + k.renderToString(t)); console.log('</body></html>')\"", home)


def traces(bench):
    home = bench.folder("node")
    bench.shell("trace_koa", "stack trace", "node --stack-trace-limit=40 tickets/site.js 2>&1 | grep -v '^{'", home, "Which middleware fails?")
    bench.shell("pino_records", "json records", "node tickets/site.js 2>/dev/null | grep '^{'", home, "How many requests took longer than 20 ms?", limit=26_000)
    bench.shell("trace_bundlers", "stack trace", "echo 'export default {' > bad.config.mjs; node --stack-trace-limit=40 node_modules/.bin/rollup -c bad.config.mjs 2>&1; vite build nowhere --config bad.config.mjs 2>&1; "
                "mocha --require ./none.js tickets 2>&1; node --stack-trace-limit=40 -e \"require('fastify')().register(async (f) => { f.get('/a', async () => 1); f.get('/a', async () => 2) }).ready()\" 2>&1", home)
    bench.shell("koa_debug_log", "system log", "node tickets/site.js 2>&1 >/dev/null", home, env={"DEBUG": "koa*,http*"}, limit=24_000)


def protocol(bench):
    """Answers of real tool servers, spoken to over their standard streams."""
    home = bench.folder("node")

    def ask(server, tool, arguments):
        lines = [
            {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "probe", "version": "1"}}},
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": 2, "method": "tools/call" if tool else "tools/list",
             "params": {"name": tool, "arguments": arguments} if tool else {}},
        ]
        with subprocess.Popen(["bash", "-c", "exec timeout 60 " + server], cwd=home, env=bench.env, text=True,
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

    def tool(name, prefix, server, tool_name, arguments, question="", whole=True, limit=30_000):
        def text():
            result = ask(server, tool_name, arguments)
            return json.dumps(result) if whole else "\n".join(part["text"] for part in result["content"])
        bench.answer(name, "tool json", {"name": f"mcp__{prefix}__{tool_name or 'list'}", "arguments": arguments}, text, question, limit)

    desk = bench.folder("python", "service")
    bench.once("tickets-db", desk, "rm -f desk.db && python -c \"import json, sqlite3; db = sqlite3.connect('desk.db'); db.execute('create table tickets(id, title, owner, state, hours, labels)'); "
               "db.executemany('insert into tickets values (?, ?, ?, ?, ?, ?)', [(t['id'], t['title'], t['owner'], t['state'], t['hours'], ' '.join(t['labels'])) for t in json.load(open('tickets.json'))]); db.commit()\"")
    library = bench.folder("git", "shapes")
    tool("mcp_git_log", "git", f"mcp-server-git --repository {library}", "git_log", {"repo_path": str(library), "max_count": 40}, "Who released 3.19?")
    tool("mcp_git_show", "git", f"mcp-server-git --repository {library}", "git_diff", {"repo_path": str(library), "target": "v3.19.0"}, whole=False)
    tool("mcp_sqlite_query", "sqlite", f"mcp-server-sqlite --db-path {desk}/desk.db", "read_query", {"query": "select * from tickets order by id"}, "Which tickets are closed?")
    tool("mcp_sqlite_tools", "sqlite", f"mcp-server-sqlite --db-path {desk}/desk.db", "", {})
    tool("mcp_everything_tools", "everything", "mcp-server-everything", "", {})
    tool("mcp_everything_image", "everything", "mcp-server-everything", "getTinyImage", {})

    def envelope(command, folder, limit=16_000):
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=bench.env, text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        return {"output": done.stdout[:limit] + done.stderr[:limit], "metadata": {"exit_code": done.returncode, "duration_seconds": 1.4}}
    command = "mocha tickets/queue.spec.js; oxlint vendored/koa; npm ls --depth=0"
    bench.answer("envelope_npm", "mixed", {"name": "shell", "arguments": {"command": ["bash", "-lc", command]}}, lambda: json.dumps(envelope(command, home)), "Does everything pass?")


QUEUE = r'''
class Queue {
  #waiting = [];
  constructor({ limit = 8, clock = Date.now } = {}) { this.limit = limit; this.clock = clock; this.refused = []; }
  put(ticket, urgency = 'normal') {
    if (!ticket?.id) throw new TypeError(`ticket without an id: ${JSON.stringify(ticket)}`);
    if (this.#waiting.length >= this.limit) { this.refused.push(ticket.id); return false; }
    const entry = { ...ticket, urgency, at: this.clock() };
    if (urgency === 'high') this.#waiting.unshift(entry); else this.#waiting.push(entry);
    return true;
  }
  take() { const entry = this.#waiting.shift(); if (!entry) throw new RangeError('the queue is empty'); return entry; }
  get size() { return this.#waiting.length; }
  ids() { return this.#waiting.map((entry) => entry.id); }
}
module.exports = { Queue };
'''

QUEUE_SPEC = r'''
const { expect } = require('chai');
const { Queue } = require('./queue');
const filled = (count, options) => { const queue = new Queue(options); for (let n = 1; n <= count; n++) queue.put({ id: `T-${100 + n}`, owner: `user-${n % 3}` }); return queue; };
describe('Queue', () => {
  describe('order', () => {
    it('gives the first first', () => expect(filled(3).take().id).to.equal('T-101'));
    it('prefers what is urgent', () => { const queue = filled(3); queue.put({ id: 'T-900' }, 'high'); expect(queue.ids()).to.deep.equal(['T-900', 'T-101', 'T-102', 'T-103']); });
    it('keeps urgent ones in the order in which they came', () => { const queue = filled(2); for (const id of ['T-901', 'T-902', 'T-903']) queue.put({ id }, 'high'); expect(queue.ids().slice(0, 3)).to.deep.equal(['T-901', 'T-902', 'T-903']); });
  });
  for (const limit of [1, 2, 5, 8, 13]) describe(`with a limit of ${limit}`, () => {
    for (const count of [0, 1, 5, 9, 20]) it(`holds at most ${limit} of ${count}`, () => expect(filled(count, { limit }).size).to.equal(Math.min(limit, count)));
    it('names what it refused', () => expect(filled(9, { limit }).refused).to.have.lengthOf(9 - limit));
  });
  it('throws when it is empty', () => expect(() => new Queue().take()).to.throw(RangeError, 'queue is closed'));
  it('refuses tickets without an id', () => expect(() => filled(1).put({ owner: 'user-1' })).to.throw(TypeError));
  it('tells the time', (done) => { setTimeout(() => { expect(filled(1, { clock: () => 1717000000000 }).take()).to.deep.equal({ id: 'T-101', owner: 'user-0', urgency: 'normal', at: 1717000000000 }); done(); }, 30); });
});
'''

QUEUE_AVA = r'''
const test = require('ava');
const { Queue } = require('./queue');
const filled = (count) => { const queue = new Queue(); for (let n = 1; n <= count; n++) queue.put({ id: n, labels: ['hardware', `floor-${n % 5}`] }); return queue; };
for (let count = 0; count < 12; count++) test(`size of ${count}`, (t) => t.is(filled(count).size, count));
test('urgent ones keep their order', (t) => { const queue = filled(2); queue.put({ id: 90 }, 'high'); queue.put({ id: 91 }, 'high'); t.deepEqual(queue.ids(), [90, 91, 1, 2]); });
test('take', (t) => t.like(filled(3).take(), { id: 1, labels: ['hardware', 'floor-2'], urgency: 'normal' }));
test('empty', (t) => t.throws(() => filled(0).take(), { message: /closed/ }));
'''

SITE = r'''
const Koa = require('koa'); const Router = require('koa-router'); const pino = require('pino'); const http = require('http');
const { Queue } = require('./queue');
const log = pino({ name: 'desk' });
const app = new Koa(); const router = new Router({ prefix: '/v2' }); const queue = new Queue({ limit: 40 });
app.use(async (ctx, next) => { const began = process.hrtime.bigint(); try { await next(); } finally { const ms = Number(process.hrtime.bigint() - began) / 1e6;
  log[ctx.status >= 500 ? 'error' : ctx.status >= 400 ? 'warn' : 'info']({ req: { method: ctx.method, url: ctx.url, agent: ctx.get('user-agent') }, res: { status: ctx.status, bytes: ctx.length }, ms, size: queue.size }, 'request'); } });
const owned = async (ctx, next) => { ctx.state.owner = `user-${Number(ctx.params.id) % 5}`; await next(); };
router.get('/tickets/:id', owned, async (ctx) => { if (ctx.params.id % 13 === 0) ctx.throw(409, `ticket ${ctx.params.id} is locked`); ctx.body = { id: ctx.params.id, owner: ctx.state.owner }; });
router.post('/tickets/:id', owned, async (ctx) => { if (!queue.put({ id: ctx.params.id })) ctx.throw(503, 'queue full'); ctx.status = 202; ctx.body = { at: queue.ids() }; });
router.delete('/tickets/:id', owned, async (ctx) => { const entry = queue.take(); ctx.body = entry.lines.length; });
app.use(router.routes()).use(router.allowedMethods());
const server = app.listen(0, async () => {
  const port = server.address().port;
  const ask = (method, path) => new Promise((done) => http.request({ port, path, method, headers: { 'user-agent': 'desk-client/0.3' } }, (res) => { res.resume(); res.on('end', done); }).end());
  for (let n = 1; n < 90; n++) await ask(n % 31 === 0 ? 'DELETE' : n % 2 ? 'POST' : 'GET', n % 17 === 0 ? `/v1/tickets/${n}` : `/v2/tickets/${n}`);
  process.exit(0);
});
'''

GROUPS = [fetch, tests, linters, packages, shipped, traces]
