"""What Python's tools print: tests, linters, package lists, logs, traces, source."""

import json
import subprocess

TOOLS = ["pytest==8.2.0", "mypy==1.11.2", "ruff==0.4.4", "requests==2.31.0", "flask==3.0.3",
         "types-requests==2.31.0.20240406", "gunicorn==22.0.0"]
SOURCES = ["click==8.1.7", "more-itertools==10.2.0", "packaging==24.0"]
RELEASES = ["2.28.0", "2.29.0", "2.30.0", "2.31.0", "2.32.3"]


def fetch(bench):
    """A virtual environment with the tools, unpacked source packages, and five releases of one library."""
    home = bench.folder("python")
    bench.once("python-tools", home, "python3 -m venv venv",
               "venv/bin/pip install -q --disable-pip-version-check " + " ".join(TOOLS))
    bench.once("python-sources", bench.folder("python", "src"),
               *[f"pip download -q --no-deps --no-binary :all: {source}" for source in SOURCES],
               "for file in *.tar.gz; do tar xzf $file; done")
    for version in RELEASES:
        bench.once(f"requests-{version}", bench.folder("python", f"requests-{version}"),
                   f"pip download -q --no-deps --only-binary :all: requests=={version}", "python3 -m zipfile -e *.whl .",
                   "rm *.whl")
    bench.env["PATH"] = f"{home}/venv/bin:{bench.env['PATH']}"


def tests(bench):
    home = bench.folder("python", "src")
    click, more = home / "click-8.1.7", home / "more-itertools-10.2.0"
    packaging = home / "packaging-24.0"
    env = {"PYTHONPATH": "src"}
    bench.shell("pytest_verbose_click", "test run", "python -m pytest -v tests", click, env=env)
    bench.shell("pytest_verbose_itertools", "test run", "cd more-itertools-10.2.0 && python -m pytest -v", home,
                "Do the tests of chunked and sliced pass?")
    # A real mistake in the library, as somebody would have made it in an edit.
    broken = bench.folder("python", "broken")
    bench.once("python-broken", broken, f"cp -r {click} click && cp -r {more} more",
               "sed -i 's/if nargs == 1/if nargs == 2/' click/src/click/parser.py",
               "sed -i 's/return wraps(func)(wrapper)/return wrapper/; s/islice(it, n)/islice(it, n + 1)/; "
               "s/def take(n, iterable):/def take(n, iterable, *_):/' more/more_itertools/recipes.py "
               "more/more_itertools/more.py")
    bench.shell("pytest_failures_click", "test run", "python -m pytest tests -x --maxfail=12 2>&1", broken / "click",
                "Some tests fail since my last edit. What is the cause?", env=env)
    bench.shell("pytest_failures_itertools", "test run", "python -m pytest", broken / "more",
                "Why do these fail?")
    bench.shell("unittest_verbose", "test run", "python -m unittest -v tests.test_more 2>&1", more, limit=24_000)
    bench.shell("pytest_collect", "test run", "python -m pytest --collect-only -q", packaging, env=env, limit=20_000)
    bench.shell("pytest_junit", "test run", "python -m pytest -q tests/test_utils.py tests/test_types.py "
                "--junitxml=report.xml >/dev/null; sed 's/></>\\n</g' report.xml", click, env=env)


def linters(bench):
    home = bench.folder("python", "src")
    click = home / "click-8.1.7"
    bench.shell("ruff_concise", "linter", "ruff check --no-cache --isolated --select ALL --output-format concise src",
                click, "Which files break D103?")
    bench.shell("ruff_full", "linter", "ruff check --no-cache --isolated --select D,ANN,B,SIM,PL,RET,TRY --output-format full src/click/core.py",
                click, limit=24_000)
    bench.shell("ruff_json", "json records",
                "ruff check --no-cache --isolated --select B,SIM,PL,RET,ARG --output-format json src", click)
    bench.shell("mypy_strict", "linter", "mypy --strict --no-incremental tests", home / "more-itertools-10.2.0",
                "Fix the type errors in test_recipes.py first")
    bench.shell("mypy_tests", "linter", "mypy --disallow-untyped-defs --check-untyped-defs --no-incremental tests",
                click, env={"MYPYPATH": "src"}, limit=16_000)
    bench.shell("mypy_json", "json records", "mypy --strict --no-incremental --output json more_itertools tests",
                home / "more-itertools-10.2.0", limit=26_000)
    bench.shell("python_warnings", "linter", "python -W error::SyntaxWarning -m compileall -f /usr/lib/python3/dist-packages 2>&1 | head -400",
                click)


def packages(bench):
    home = bench.folder("python")
    bench.shell("pip_inspect", "api json", "pip inspect --local", home / "src", "Which version of Werkzeug is there?")
    bench.shell("pip_list_json", "json records", "pip list --format json", home,
                before="pip install -q boto3==1.34.100 aiohttp==3.9.5 rich==13.7.1 sphinx==7.3.7 celery==5.4.0")
    bench.shell("pip_install_verbose", "build log", "pip install -v --no-cache-dir --force-reinstall --target ../target "
                "--no-deps --no-binary :all: more-itertools==10.2.0 2>&1", home / "src")
    bench.shell("pip_install_many", "build log", "pip install --no-cache-dir --force-reinstall --target ../target2 "
                "sphinx==7.3.7 celery==5.4.0 2>&1", home / "src")
    bench.shell("pip_report", "api json", "pip install --dry-run --ignore-installed --quiet --report - flask==3.0.3",
                home, limit=40_000)
    bench.shell("pip_show_files", "listing", "pip show -f flask werkzeug jinja2", home)
    bench.shell("pip_list", "table", "pip list", home)


def logs(bench):
    home = bench.folder("python")
    bench.shell("python_verbose_imports", "system log", "python -v -c 'import json, asyncio' 2>&1", home, limit=24_000)
    bench.shell("python_importtime", "table", "python -X importtime -c 'import flask' 2>&1", home,
                "Which imports cost most?")
    access = ("python -m http.server --bind 127.0.0.1 8931 --directory . > access.log 2>&1 & server=$!; sleep 1; "
              "for round in 1 2 3; do for file in $(find flask-docs -type f | sort | head -90); do "
              "curl -s -o /dev/null -A 'curl/8 round '$round http://127.0.0.1:8931/$file; done; "
              "curl -s -o /dev/null http://127.0.0.1:8931/missing-$round.html; done; kill $server")
    bench.once("access-log", home, f"cp -r {home}/venv/lib/python3*/site-packages/flask flask-docs", access)
    bench.shell("access_log", "system log", "cat access.log", home, "Which requests were answered with 404?")
    bench.write(home / "orders_site.py", SITE)
    serve = ("gunicorn --workers 2 --bind 127.0.0.1:8932 --log-level debug --access-logfile - orders_site:app > gunicorn.log "
             "2>&1 & server=$!; sleep 2; for n in $(seq 1 120); do curl -s -o /dev/null "
             "\"http://127.0.0.1:8932/orders/$((n * 37 % 101))?page=$n\"; done; kill $server; sleep 1")
    bench.once("gunicorn-orders-log", home, serve)
    bench.shell("gunicorn_log", "system log", "tail -n 400 gunicorn.log", home, "why does /orders/13 fail?")
    bench.shell("app_json_log", "json records", "cat app.jsonl", home, "How many orders were refused?")
    bench.shell("gunicorn_grep_error", "search", "grep -n -A 12 Traceback gunicorn.log", home)


def traces(bench):
    home = bench.folder("python")
    bench.write(home / "deep.py", DEEP)
    bench.shell("trace_requests_chain", "stack trace",
                "python -c \"import requests; requests.get('http://127.0.0.1:9/v1/orders?limit=5', timeout=2)\" 2>&1",
                home, "What is wrong here?")
    bench.shell("trace_recursion", "stack trace", "python deep.py recursion 2>&1", home)
    bench.shell("trace_chain", "stack trace", "python deep.py chain 2>&1", home)
    bench.shell("trace_group", "stack trace", "python deep.py group 2>&1", home, "Which order failed first?")


def sources(bench):
    home = bench.folder("python", "src")
    bench.read("read_click_core", "source", home / "click-8.1.7/src/click/core.py", "Where is the default map looked up?",
               first=1, lines=620)
    bench.read("read_packaging_specifiers", "source", home / "packaging-24.0/src/packaging/specifiers.py", lines=420)
    bench.shell("cat_click_parser", "source", "cat src/click/parser.py", home / "click-8.1.7")
    bench.shell("sed_click_types", "source", "sed -n '1,400p' src/click/types.py", home / "click-8.1.7",
                "How does IntRange clamp?")
    bench.shell("rst_changes", "prose", "head -c 29000 CHANGES.rst", home / "click-8.1.7")
    bench.shell("read_setup_toml", "config", "cat ../more-itertools-10.2.0/pyproject.toml setup.cfg tox.ini", home / "click-8.1.7")


def searches(bench):
    home = bench.folder("python", "src")
    bench.need("rg")
    bench.shell("rg_def", "search", "rg -n --no-heading 'def ' click-8.1.7/src --sort path", home,
                "Where is make_context defined?")
    bench.shell("rg_context", "search", "rg -n -C 3 --no-heading 'raise (Usage|BadParameter)' click-8.1.7/src --sort path", home)
    bench.shell("grep_recursive", "search", "grep -rn 'import' more-itertools-10.2.0 packaging-24.0 --include=*.py | sort", home)
    bench.shell("rg_heading", "search", "rg -n --heading 'ctx\\.' click-8.1.7 --sort path", home)
    call = {"name": "Grep", "arguments": {"pattern": "warnings\\.warn", "path": str(home), "output_mode": "content",
                                          "-n": True, "-C": 2}}
    bench.answer("grep_tool_content", "search", call,
                 lambda: bench.run("rg -n --no-heading -C 2 'warnings\\.warn' --sort path " + str(home), home)[0])
    call = {"name": "Grep", "arguments": {"pattern": "assert .* == ", "path": str(home / "packaging-24.0/tests"),
                                          "output_mode": "content", "-n": True}}
    bench.answer("grep_tool_asserts", "search", call,
                 lambda: bench.run(f"rg -n --no-heading 'assert .* == ' --sort path {home}/packaging-24.0/tests "
                                   f"{home}/click-8.1.7/tests", home)[0], limit=24_000)


def wrapped(bench):
    """Answers that wrap another text: JSON envelopes and the tagged ones that some agents use."""
    home = bench.folder("python", "src")

    def envelope(command, folder, limit=16_000):
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=bench.env | {"PYTHONPATH": "src"}, text=True,
                              capture_output=True, check=False, stdin=subprocess.DEVNULL)
        return {"stdout": done.stdout[:limit], "stderr": done.stderr[:limit], "exit_code": done.returncode}

    broken = bench.folder("python", "broken") / "more"
    command = "python -m pytest -q --tb=short"
    bench.answer("envelope_json_pytest", "mixed", {"name": "shell", "arguments": {"command": command}},
                 lambda: json.dumps(envelope(command, broken)), "What fails?")
    listing = "ls -laR src && cat setup.cfg"
    bench.answer("envelope_json_listing", "mixed", {"name": "shell", "arguments": {"command": listing}},
                 lambda: json.dumps(envelope(listing, home / "click-8.1.7")))
    check = "mypy --strict --no-incremental tests; ruff check --no-cache --isolated --select ALL --output-format json more_itertools/recipes.py"

    def tagged():
        made = envelope(check, home / "more-itertools-10.2.0", 14_000)
        return (f"<returncode>{made['exit_code']}</returncode>\n<output>\n{made['stdout']}{made['stderr']}</output>\n")
    bench.answer("envelope_tagged_lint", "mixed", {"name": "bash", "arguments": {"command": check}}, tagged)
    bench.shell("mixed_log_with_json", "mixed", "tail -n 60 gunicorn.log; tail -n 60 app.jsonl; pip list --format json",
                bench.folder("python"))


SITE = '''
import json, logging, random, time
from flask import Flask, jsonify, request

logging.basicConfig(level=logging.DEBUG, format="%(asctime)s %(levelname)s %(name)s [%(threadName)s] %(message)s")
log = logging.getLogger("orders")
app = Flask(__name__)
draw = random.Random(7)
records = open("app.jsonl", "a", buffering=1)

@app.get("/orders/<int:order>")
def show(order):
    page = int(request.args["page"])
    log.info("load order=%d page=%d customer=c-%05d", order, page, order * 977 % 90001)
    if order == 13:
        raise KeyError(f"order {order} has no ledger line")
    status = draw.choices(["paid", "open", "refused"], [80, 17, 3])[0]
    if status == "refused":
        log.warning("payment refused order=%d code=%s", order, draw.choice(["51", "05", "N7"]))
    record = {"ts": time.time(), "level": "warn" if status == "refused" else "info", "order": order, "page": page,
              "status": status, "ms": round(draw.lognormvariate(2, 0.6), 2),
              "items": [{"sku": f"SKU-{draw.randrange(9999):04}", "qty": draw.randrange(1, 5)} for _ in range(2)]}
    records.write(json.dumps(record) + "\\n")
    return jsonify(record)
'''

DEEP = '''
import asyncio, configparser, json, sys, xml.etree.ElementTree as ET

def walk(tree, depth=0):
    return walk(tree["left"], depth + 1) if tree["left"] else walk(tree, depth + 1)

class LoadError(Exception):
    pass

def read(path):
    try:
        return json.loads("{'retries': 3}")
    except ValueError as err:
        raise LoadError(f"could not read {path}") from err

def settings(path):
    try:
        return read(path)
    except LoadError:
        parser = configparser.ConfigParser()
        parser.read_string("[service]\\nport = 80\\nport = 81\\n", source="service.ini")

def start():
    try:
        settings("config/service.json")
    except Exception as err:
        tree = ET.fromstring("<service><port>80</service>")

async def order(number):
    await asyncio.sleep(number / 100)
    return 100 // (number - 2) if number != 4 else {}["customer"]

async def all_orders():
    async with asyncio.TaskGroup() as group:
        for number in (2, 3, 5):
            group.create_task(order(number), name=f"order-{number}")

async def both():
    failures = []
    for number in (2, 4):
        try:
            await order(number)
        except Exception as err:
            err.add_note(f"while loading order {number} of batch 2024-06-{number:02}")
            failures.append(err)
    try:
        await all_orders()
    except ExceptionGroup as err:
        failures.append(err)
    raise ExceptionGroup("batch failed", failures)

match sys.argv[1]:
    case "recursion":
        sys.setrecursionlimit(150)
        sys.excepthook = lambda kind, err, trace: __import__("traceback").print_exception(kind, err, trace)
        def left(n): return right(n + 1)
        def right(n): return left(n + 1)
        left(0)
    case "chain": start()
    case "group": asyncio.run(both())
'''

GROUPS = [fetch, tests, linters, packages, logs, traces, sources, searches, wrapped]
