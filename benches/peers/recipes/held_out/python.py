"""What Python's tools print: other tests, linters, frameworks, logs and documents than the first set's."""

import json

TOOLS = ["pytest==8.1.1", "hypothesis==6.102.4", "coverage==7.5.1", "pylint==3.2.1", "flake8==7.0.0", "bandit==1.7.8",
         "black==24.4.2", "django==5.0.6", "sqlalchemy==2.0.30", "fastapi==0.111.0", "uvicorn==0.30.1", "structlog==24.1.0",
         "lizard==1.17.10", "yamllint==1.35.1", "pandas==2.2.2", "pipdeptree==2.20.0", "simplejson==3.19.2", "networkx==3.3", "cmake==3.29.3",
         "ninja==1.11.1.1", "setuptools==69.5.1", "wheel==0.43.0", "moto[ec2,iam,s3,server]==5.0.7", "awscli==1.32.109",
         "mcp==1.2.0", "pydantic==2.10.6", "mcp-server-git==2025.1.14", "mcp-server-sqlite==2025.1.14"]
SOURCES = ["attrs==23.2.0", "jinja2==3.1.4", "marshmallow==3.21.2"]


def fetch(bench):
    """A virtual environment with the tools, made with uv, which takes seconds where pip takes minutes, and unpacked sources."""
    home = bench.folder("python")
    env = {"UV_NATIVE_TLS": "1", "VIRTUAL_ENV": str(home / "venv")}
    if "PIP_CERT" in bench.env:
        env["SSL_CERT_FILE"] = bench.env["PIP_CERT"]
    bench.once("python-tools", home, "python3 -m venv venv", "venv/bin/pip install -q uv==0.2.3",
               "venv/bin/uv pip install -q " + " ".join(f"'{tool}'" for tool in TOOLS), env=env)
    bench.once("python-sources", bench.folder("python", "src"),
               *[f"pip download -q --no-deps --no-binary :all: {source}" for source in SOURCES],
               "for file in *.tar.gz; do tar xzf $file; done")
    bench.env["PATH"] = f"{home}/venv/bin:{bench.env['PATH']}"
    site = bench.folder("python", "board")
    bench.write(site / "board/models.py", MODELS)
    bench.write(site / "board/tests.py", MODEL_TESTS)
    bench.once("python-board", site, "cd board && touch __init__.py && cd .. && django-admin startproject main .",
               f"printf '%s' {json.dumps(SETTINGS)} | sed 's/;/\\n/g' >> main/settings.py",
               "sed -i 's#^urlpatterns = \\[#def tally(request, topic):\\n    from django.http import HttpResponse\\n    from board.models import Topic\\n    "
               "return HttpResponse(str(Topic.objects.get(pk=topic).mean()))\\n\\nurlpatterns = [path(\"tally/<int:topic>/\", tally),#' main/urls.py")


def tests(bench):
    home = bench.folder("python", "src")
    attrs, jinja = home / "attrs-23.2.0", home / "jinja2-3.1.4"
    env = {"PYTHONPATH": "src"}
    bench.shell("pytest_verbose_jinja", "test run", "python -m pytest -v tests/test_filters.py tests/test_lexnparse.py", jinja, env=env, limit=24_000)
    broken = bench.folder("python", "broken")
    bench.once("python-broken", broken, f"cp -r {jinja} jinja && cp -r {attrs} attrs && cp -r {home}/marshmallow-3.21.2 marshmallow",
               "sed -i 's/if len(tmp) == linecount/if len(tmp) > linecount/; s/length - len(end)\\]/length - len(end) - 1]/; s/index0 = -1/index0 = 0/; "
               "s/newlines_stripped = 0/newlines_stripped = 1/' jinja/src/jinja2/filters.py jinja/src/jinja2/lexer.py jinja/src/jinja2/runtime.py",
               "sed -i 's/return value.strftime(data_format)/return str(value)/; s/return str(value)$/return repr(value)/; s/return self.num_type(value)/return abs(self.num_type(value))/; "
               "s/value < self.min if/value <= self.min if/' marshmallow/src/marshmallow/fields.py marshmallow/src/marshmallow/validate.py")
    bench.shell("pytest_failures_jinja", "test run", "python -m pytest tests -q --tb=long --maxfail=25 2>&1", broken / "jinja", "Which change broke the loops?", env=env)
    bench.shell("pytest_failures_marshmallow", "test run", "python -m pytest tests --tb=short -rfE --maxfail=40 2>&1 | tail -n 420", broken / "marshmallow",
                "What is wrong with the dates?", env=env)
    bench.shell("django_test_run", "test run", "python manage.py test -v 2 board 2>&1", bench.folder("python", "board"), "Which tests fail?")


def linters(bench):
    home = bench.folder("python", "src")
    jinja = home / "jinja2-3.1.4"
    bench.shell("pylint_text", "linter", "pylint --disable=missing-docstring --score=y src/jinja2 2>&1", jinja, "Is there a cyclic import?", limit=24_000,
                env={"PYTHONPATH": "src"})
    bench.shell("flake8_attrs", "linter", "flake8 --max-line-length 72 --statistics src tests", home / "attrs-23.2.0", limit=20_000)
    bench.shell("bandit_json", "json records", "bandit -q -r -f json src", jinja, "Which findings are of high severity?", limit=30_000)
    bench.shell("pylint_json", "json records", "pylint -f json src/marshmallow/fields.py", home / "marshmallow-3.21.2", env={"PYTHONPATH": "src"}, limit=26_000)
    bench.shell("black_diff", "diff", "black --diff -l 60 -q src/jinja2/loaders.py src/jinja2/nodes.py", jinja, limit=24_000)
    bench.shell("yamllint_parsable", "linter", "yamllint -f parsable -d '{extends: default, rules: {line-length: {max: 60}}}' $(find . -name '*.y*ml' | sort)", home)
    bench.shell("lizard_csv", "csv", "lizard --csv jinja2-3.1.4/src", home, "Which functions have a complexity above 20?", limit=24_000)
    bench.shell("lizard_table", "table", "lizard -C 9 marshmallow-3.21.2/src", home, limit=20_000)


def measures(bench):
    jinja = bench.folder("python", "src") / "jinja2-3.1.4"
    run = "coverage run --branch --source=src/jinja2 -m pytest -q tests/test_api.py tests/test_ext.py >/dev/null 2>&1; coverage html -q -d covered; true"
    bench.shell("coverage_report", "table", "coverage report -m", jinja, "Which lines of lexer.py are never run?", before=run, env={"PYTHONPATH": "src"})
    bench.shell("coverage_html", "html", "cat covered/index.html", jinja)
    bench.shell("coverage_json", "nested json", "coverage json -q --pretty-print -o - ", jinja, limit=30_000)
    bench.shell("cprofile_graph", "table", "python -c \"import cProfile, networkx as n; g = n.karate_club_graph(); cProfile.run('n.betweenness_centrality(g); n.pagerank(g)', sort='tottime')\" 2>&1 | head -220",
                jinja, "Where does the time go?")
    bench.shell("pandas_frame", "table", "python - <<'END'\n" + FRAME + "END", jinja, "Which package is the largest?", env={"COLUMNS": "160"})


def packages(bench):
    home = bench.folder("python")
    site = "venv/lib/python3*/site-packages"
    bench.shell("pipdeptree_json", "nested json", "pipdeptree --json-tree -p fastapi,moto", home, limit=30_000)
    bench.shell("pipdeptree_text", "listing", "pipdeptree", home, "What needs idna?", limit=20_000)
    bench.shell("record_csv", "csv", f"cat {site}/uvicorn-*.dist-info/RECORD {site}/structlog-*.dist-info/RECORD", home)
    bench.shell("uv_install_verbose", "build log", "rm -rf other && uv pip install -v --no-cache --python venv/bin/python --target other celery==5.4.0 2>&1", home,
                env={"UV_NATIVE_TLS": "1"} | ({"SSL_CERT_FILE": bench.env["PIP_CERT"]} if "PIP_CERT" in bench.env else {}))
    bench.shell("wheel_build_log", "build log", "python setup.py -v bdist_wheel 2>&1", bench.folder("python", "sdist"),
                "Did it pick up every module?", before="rm -rf build dist && cp -r ../src/marshmallow-3.21.2/src/marshmallow . && printf 'from setuptools import setup, find_packages\\nsetup(name=\"bundle\", version=\"0.2\", packages=find_packages())\\n' > setup.py && "
                "cp -r ../venv/lib/python3*/site-packages/networkx . && find . -name tests -prune -exec rm -r {} +")
    bench.shell("wheel_contents", "listing", "python -m zipfile -l dist/bundle-0.2-py3-none-any.whl", bench.folder("python", "sdist"), limit=24_000)


def services(bench):
    """Two small web services, asked over the loopback."""
    board = bench.folder("python", "board")
    serve = ("rm -f db.sqlite3; python manage.py migrate --run-syncdb -v 0 && python manage.py shell -c \"from board.models import *; "
             "[Topic.objects.create(pk=n, title=f'topic {n}', votes=n * 7 % 5) for n in range(40)]\" && "
             "(python manage.py runserver --noreload 127.0.0.1:8942 > served.log 2>&1 & echo $! > pid); sleep 4; "
             "for n in $(seq 1 46); do curl -s -o answer-$n.html http://127.0.0.1:8942/tally/$n/; done; curl -s -o none.html http://127.0.0.1:8942/missing/; kill $(cat pid); sleep 1")
    bench.once("python-board-served", board, serve)
    bench.shell("django_error_page", "html", "cat answer-5.html", board, "Why does the page fail?")
    bench.shell("django_server_log", "system log", "cat served.log", board, "Which topics are missing?", limit=24_000)
    bench.shell("django_trace", "stack trace", "python manage.py shell -c \"from django.test import Client; Client().get('/tally/5/')\" 2>&1; python manage.py loaddata none.json 2>&1 --traceback", board,
                "Where is the division?")
    bench.shell("django_settings", "config", "python manage.py diffsettings --all", board, "Is the session cookie secure?")
    bench.shell("django_migrate_sql", "source", "for name in 0001_initial 0008_alter_user_username_max_length; do python manage.py sqlmigrate auth $name; done; "
                "python manage.py sqlmigrate admin 0001_initial; python manage.py sqlflush; cat main/settings.py", board)
    home = bench.folder("python", "service")
    bench.write(home / "desk.py", DESK)
    ask = ("(uvicorn desk:app --port 8943 --log-level trace > desk.log 2>&1 & echo $! > pid); sleep 4; curl -s http://127.0.0.1:8943/openapi.json > openapi.json; "
           "for n in $(seq 1 90); do curl -s -o /dev/null -X POST -H 'content-type: application/json' -d '{\"title\": \"t\", \"hours\": '$((n % 9 - 1))'}' "
           "http://127.0.0.1:8943/tickets/$n; done; curl -sv 'http://127.0.0.1:8943/tickets?limit=60' > verbose.txt 2>&1; curl -sv -X POST -d '[1' http://127.0.0.1:8943/tickets/1 >> verbose.txt 2>&1; "
           "curl -s 'http://127.0.0.1:8943/tickets?limit=80' > tickets.json; kill $(cat pid); sleep 1")
    bench.once("python-desk-served", home, ask)
    bench.shell("openapi_of_service", "nested json", "cat openapi.json | python -m json.tool", home, limit=30_000)
    bench.shell("curl_tickets", "api json", "cat tickets.json", home, "Which tickets were closed without an owner?")
    bench.shell("curl_verbose", "mixed", "cat verbose.txt", home)
    bench.shell("uvicorn_trace_log", "system log", "head -c 24000 desk.log", home)
    bench.shell("structlog_records", "json records", "cat desk.jsonl", home, "How many tickets had no hours?", limit=28_000)
    bench.shell("sqlalchemy_echo", "system log", "python - <<'END'\n" + ECHO + "END", home, "How many queries does one ticket cost?", limit=24_000)
    bench.shell("sqlalchemy_trace", "stack trace", "python - 2>&1 <<'END'\n" + ECHO.replace("echo=True", "echo=False") + FAIL + "END", home, "Which constraint failed?")


def sources(bench):
    home = bench.folder("python", "src")
    jinja = home / "jinja2-3.1.4"
    bench.read("read_jinja_lexer", "source", jinja / "src/jinja2/lexer.py", "How is trim_blocks applied?", lines=600)
    bench.shell("cat_attrs_validators", "source", "cat src/attr/validators.py", home / "attrs-23.2.0")
    bench.shell("attrs_changelog", "prose", "head -c 26000 CHANGELOG.md", home / "attrs-23.2.0", "When did evolve change?")
    bench.read("read_jinja_api_rst", "mixed", jinja / "docs/api.rst", lines=420)
    bench.shell("cat_workflows", "config", "cat .github/workflows/*.y*ml", home / "attrs-23.2.0", "Which Python versions are tested?")
    bench.shell("cat_pyprojects", "config", "cat attrs-23.2.0/pyproject.toml marshmallow-3.21.2/pyproject.toml", home)
    bench.need("rg")
    bench.shell("rg_raises", "search", "rg -n 'raise \\w+' jinja2-3.1.4/src marshmallow-3.21.2/src --no-heading --sort path", home, "Where is UndefinedError raised?", limit=24_000)
    bench.shell("rg_json", "json records", "rg --json --sort path 'def validate' marshmallow-3.21.2", home)
    bench.shell("grep_context_attrs", "search", "grep -rn -B 2 -A 4 'frozen=True' attrs-23.2.0/src attrs-23.2.0/docs", home)
    call = {"name": "Grep", "arguments": {"pattern": "@pass_\\w+", "path": str(jinja), "output_mode": "content", "-n": True, "-A": 1}}
    bench.answer("grep_tool_decorators", "search", call,
                 lambda: bench.run(f"rg -n --no-heading -A 1 '@pass_\\w+' --sort path {jinja}", home)[0])


MODELS = '''from django.db import models

class Topic(models.Model):
    title = models.CharField(max_length=80, unique=True)
    votes = models.IntegerField(default=0)
    opened = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "board"

    def mean(self):
        return 100 / self.votes
'''

MODEL_TESTS = '''from django.test import TestCase
from board.models import Topic

class TopicTests(TestCase):
    def setUp(self):
        for n in range(4):
            Topic.objects.create(title=f"topic {n}", votes=n)

    def test_mean_of_four(self):
        self.assertEqual(Topic.objects.get(title="topic 2").mean(), 50)

    def test_mean_without_votes(self):
        self.assertEqual(Topic.objects.get(title="topic 0").mean(), 0)

    def test_titles_are_unique(self):
        Topic.objects.create(title="topic 3", votes=9)

    def test_page(self):
        self.assertContains(self.client.get("/tally/1/"), "100")

    def test_count(self):
        self.assertEqual(Topic.objects.count(), 5, "one was refused")
'''

SETTINGS = ";INSTALLED_APPS += ['board'];ALLOWED_HOSTS = ['*'];"

DESK = '''import json
import structlog
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

structlog.configure(processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"), structlog.processors.JSONRenderer()],
                    logger_factory=structlog.WriteLoggerFactory(file=open("desk.jsonl", "w", buffering=1)))
log = structlog.get_logger()
app = FastAPI(title="Desk", version="0.3.0")

class Ticket(BaseModel):
    title: str = Field(max_length=80)
    hours: int = Field(ge=0, description="Hours that were spent")
    labels: list[str] = []

class Kept(Ticket):
    id: int
    owner: str | None = None
    state: str = "open"
    links: dict[str, str] = {}

kept: dict[int, Kept] = {}

@app.post("/tickets/{id}", status_code=201, responses={409: {"description": "It is there already"}})
def put(id: int, ticket: Ticket) -> Kept:
    if ticket.hours == 0:
        log.warning("no hours", ticket=id, title=ticket.title, code="E_HOURS")
        raise HTTPException(409, f"ticket {id} has no hours")
    owner = None if id % 11 == 0 else f"user-{id * 31 % 17}"
    kept[id] = Kept(id=id, owner=owner, state="closed" if id % 3 == 0 else "open", title=f"Printer {id % 7} jams", hours=ticket.hours,
                    labels=["hardware", f"floor-{id % 5}"], links={"self": f"/tickets/{id}"})
    log.info("kept", ticket=id, owner=owner, hours=ticket.hours, free=1000 - len(kept))
    return kept[id]

@app.get("/tickets")
def all_tickets(limit: int = 20, state: str | None = None) -> list[Kept]:
    return [one for one in kept.values() if state in (None, one.state)][:limit]

@app.delete("/tickets/{id}")
def drop(id: int) -> None:
    kept.pop(id)

@app.get("/health")
def health() -> dict[str, int]:
    return {"tickets": len(kept)}
'''

ECHO = '''
import sys
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

class Base(DeclarativeBase): pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    mail: Mapped[str] = mapped_column(unique=True)
    tickets: Mapped[list["Ticket"]] = relationship(back_populates="owner")

class Ticket(Base):
    __tablename__ = "tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    owner: Mapped[User] = relationship(back_populates="tickets")

engine = create_engine("sqlite://", echo=True)
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add_all(User(mail=f"u{n}@example.test", tickets=[Ticket(title=f"jam {n}-{m}") for m in range(3)]) for n in range(8))
    session.commit()
    for user in session.scalars(select(User)):
        print(user.mail, [ticket.title for ticket in user.tickets])
'''

FAIL = '''
with Session(engine) as session:
    session.add(User(mail="u3@example.test"))
    session.commit()
'''

FRAME = '''
import importlib.metadata as metadata
import pandas as pd
pd.set_option("display.max_rows", 90, "display.width", 160, "display.max_columns", 12)
rows = []
for one in metadata.distributions():
    files = one.files or []
    rows.append({"name": one.name, "version": one.version, "files": len(files), "bytes": sum(file.size or 0 for file in files),
                 "requires": len(one.requires or []), "python": one.metadata["Requires-Python"]})
frame = pd.DataFrame(rows).sort_values("name").reset_index(drop=True)
print(frame.head(85))
print(frame.describe())
print(frame.groupby("python")[["files", "bytes"]].sum())
frame.info()
'''

GROUPS = [fetch, tests, linters, measures, packages, services, sources]
