"""What git prints on a history made of two published libraries, with branches, merges and a conflict."""

from workbench import Skipped

SHAPES = ["3.13.0", "3.17.1", "3.19.0", "3.20.1", "3.21.2"]
KOA = ["2.7.0", "2.11.0", "2.13.4", "2.14.2", "2.15.3"]
PEOPLE = ["Ada Example", "Bo Sample", "Cleo Instance"]


def commit(number: int, message: str) -> str:
    name = PEOPLE[number % len(PEOPLE)]
    date = f"2024-0{1 + number // 4}-{10 + number}T1{number % 10}:2{number % 6}:00Z"
    return (f"GIT_AUTHOR_DATE={date} GIT_COMMITTER_DATE={date} git -c user.name='{name}' -c user.email={name.split()[0].lower()}@example.test "
            f"-c commit.gpgsign=false commit -q -m '{message}'")


def fetch(bench):
    bench.need("git", "npm")
    home = bench.folder("git")
    shapes = ["rm -rf shapes && git init -q -b main shapes"]
    for number, version in enumerate(SHAPES):
        wheel = f"wheels/{version}"
        shapes.append(f"mkdir -p {wheel} && cd {wheel} && pip download -q --no-deps --only-binary :all: marshmallow=={version} && python3 -m zipfile -e *.whl . && rm *.whl")
        shapes.append(f"cd shapes && rm -rf marshmallow notes && cp -r ../{wheel}/marshmallow . && mkdir notes && cp ../{wheel}/*.dist-info/METADATA notes/README.rst && "
                      f"git add marshmallow && {commit(2 * number, f'Release {version}')} && git add -A && {commit(2 * number + 1, f'Describe {version}')} && git tag v{version}")
    bench.once("git-shapes", home, *shapes)
    koa = ["rm -rf koa && git init -q -b master koa"]
    for number, version in enumerate(KOA):
        koa.append(f"mkdir -p packed && cd packed && npm pack --silent koa@{version} && cd ../koa && git ls-files | xargs -r rm -f && tar xzf ../packed/koa-{version}.tgz --strip-components=1 && "
                   f"git add -A && {commit(number, f'koa {version}')} && git tag {version}")
    # Two branches that changed the same lines, one merged, one left open in a conflict.
    koa += [f"cd koa && git checkout -q -b quotes 2.14.2 && sed -i \"s/const debug = /const trace = /; s/debug(/trace(/\" lib/application.js && git add -A && {commit(6, 'Trace instead of debug')} && "
            "sed -i 's/Object.create/Object.assign/' lib/context.js lib/application.js && git add -A && " + commit(7, "Assign what was created"),
            "cd koa && git checkout -q -b typed master && sed -i 's/  get header() {/  get head() {/' lib/request.js && git add -A && " + commit(8, "Call it head") +
            " && git checkout -q master && git -c user.name='Bo Sample' -c user.email=bo@example.test merge -q --no-ff -m \"Merge branch typed\" typed",
            f"cd koa && sed -i \"s/const debug = require('debug')('koa:application')/const debug = require('debuglog')('app')/; s/debug('/debug('app /\" lib/application.js && git add -A && {commit(9, 'Log with debuglog')}"]
    bench.once("git-koa", home, *koa)


def logs(bench):
    home = bench.folder("git")
    shapes, koa = home / "shapes", home / "koa"
    bench.shell("git_log_stat_shapes", "git", "git log --stat --format=fuller", shapes, "Who released 3.19.0?")
    bench.shell("git_log_names_koa", "git", "git log --name-status --graph --all --date=iso; git shortlog -sne --all; git branch -avv; git tag -n", koa)
    bench.shell("git_log_csv", "csv", "for file in $(git ls-files); do git log --date=short --format=\"%h,%an,%ad,%s,$file\" -- $file; done", shapes, "Who touched fields.py most often?", limit=24_000)
    bench.shell("git_blame_porcelain", "git", "git blame -w --date=short v3.21.2 -- marshmallow/utils.py", shapes, "Which release brought get_value?", limit=24_000)
    bench.shell("git_log_function", "diff", "git log -L '/def _call_validator/,+30:marshmallow/validate.py' -p; git log -p -S 'is_collection' --stat -- marshmallow", shapes, limit=26_000)
    bench.shell("git_log_records", "json records", "git log --all --format='{\"commit\":\"%H\",\"tree\":\"%T\",\"author\":\"%an\",\"mail\":\"%ae\",\"at\":\"%aI\",\"subject\":\"%s\",\"refs\":\"%D\"}'", koa)
    bench.shell("git_grep", "search", "git grep -n -p -E 'this\\.(ctx|app|res)\\b' 2.15.3 -- lib", koa, "Where is the app read?")
    bench.shell("git_grep_shapes", "search", "git grep -n -E 'error_messages|ValidationError' -- marshmallow", shapes)
    bench.shell("git_ls_files_debug", "listing", "git ls-files -s --eol; git ls-tree -r --long v3.13.0", shapes)


def diffs(bench):
    home = bench.folder("git")
    shapes, koa = home / "shapes", home / "koa"
    bench.shell("git_diff_shapes", "diff", "git diff v3.19.0 v3.20.1", shapes, "What changed in the schema?")
    bench.shell("git_diff_functions", "diff", "git diff -W v3.20.1 v3.21.2 -- marshmallow/fields.py marshmallow/utils.py", shapes, limit=26_000)
    bench.shell("git_format_patch", "diff", "git format-patch --stdout -M 2.14.2..quotes; git format-patch --stdout 2.13.4..2.14.2", koa, "What do the patches rename?", limit=26_000)
    bench.shell("git_diff_stat_only", "git", "git diff --stat --summary --dirstat -M v3.13.0 v3.21.2; git diff --numstat v3.17.1 v3.21.2; git diff --name-status v3.13.0 v3.21.2", shapes)
    bench.shell("git_reflog_trace", "system log", "GIT_TRACE=1 GIT_TRACE_SETUP=1 GIT_TRACE_PERFORMANCE=1 git fsck --verbose 2>&1", koa)

    def conflicted():
        clone = home / "conflict"
        bench.prepare(f"rm -rf {clone} && git clone -q {koa} {clone}", home)
        bench.run("git -c user.name='Bo Sample' -c user.email=bo@example.test merge origin/quotes; for n in 1 2 3; do echo note > note-$n.md; done; git mv lib/response.js lib/answer.js; rm Readme.md", clone)
        if not bench.run("git ls-files -u", clone)[0]:
            raise Skipped("the branches do not conflict")
    conflicted()
    bench.shell("git_status_conflict", "git", "git status; git status --porcelain=v2 --branch; git ls-files -u; git merge-base HEAD MERGE_HEAD; git log --merge --left-right --oneline", home / "conflict", "Which files are unmerged?")
    bench.shell("git_diff_conflict", "diff", "git diff; git diff --cached", home / "conflict", "How do the two sides differ?")


GROUPS = [fetch, logs, diffs]
