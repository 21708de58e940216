"""What git and diff print, on a history made of the releases of a published library and on Headroom's own."""

from pathlib import Path

from . import python

# The last commit whose history is looked at, so that the payloads do not grow with every commit.
OWN = "0c4622b"


def fetch(bench):
    bench.need("git")
    home = bench.folder("git")
    identity = "-c user.name='Kenneth Example' -c user.email=kenneth@example.test -c commit.gpgsign=false"
    commands = ["rm -rf lib && git init -q -b main lib"]
    for number, version in enumerate(python.RELEASES):
        source = bench.folder("python", f"requests-{version}")
        date = f"2024-0{number + 1}-11T10:0{number}:00Z"
        commands.append(
            f"cd lib && find . -mindepth 1 -maxdepth 1 ! -name .git -exec rm -r {{}} + && cp -r {source}/requests* . && "
            f"git add -A && GIT_AUTHOR_DATE={date} GIT_COMMITTER_DATE={date} git {identity} commit -q -m 'Release {version}' && git tag v{version}")
    bench.once("git-history", home, *commands)


def diffs(bench):
    lib = bench.folder("git", "lib")
    bench.shell("git_diff_releases", "diff", "git diff v2.31.0 v2.32.3 -- requests", lib, "What changed in the adapters?")
    bench.shell("git_diff_all", "diff", "git diff v2.28.0 v2.30.0", lib, limit=24_000)
    bench.shell("git_log_patch", "diff", "git log -p --stat v2.28.0..v2.31.0", lib, "Which release changed super_len?")
    bench.shell("git_show", "diff", "git show v2.32.3", lib)
    python_home = bench.folder("python")
    bench.shell("diff_ru", "diff", "diff -ru requests-2.28.0/requests requests-2.32.3/requests", python_home)
    bench.shell("diff_words", "diff", "git diff --word-diff=plain v2.28.0 v2.32.3 -- requests/utils.py requests/sessions.py requests/models.py", lib)


def own(bench):
    repository = Path(__file__).resolve().parents[3]
    bench.shell("own_log", "git", f"git log {OWN} -n 200", repository, "Who changed how files are restored?", limit=24_000)
    bench.shell("own_log_stat", "git", f"git log --stat {OWN} -n 60", repository)
    bench.shell("own_log_oneline", "git", f"git log --oneline --graph --decorate=no {OWN} -n 300", repository)
    bench.shell("own_blame", "git", f"git blame {OWN} -- src/agent/session.rs", repository, "Who wrote the recovery?")
    bench.shell("own_show_patch", "diff", f"git log -p {OWN} -n 4 -- src", repository, limit=40_000)
    bench.shell("own_show_stat", "git", f"git show --stat $(git rev-list --merges {OWN} -n 12)", repository)


def status(bench):
    lib = bench.folder("git", "lib")
    bench.shell("git_status", "git", "git status", lib, before="git checkout -q -f main && git clean -fdq && "
                "for file in requests/*.py; do echo >> $file; done && git mv requests/hooks.py requests/signals.py && "
                "git rm -q --cached requests/certs.py && mkdir -p notes && touch notes/{a,b,c}.md build.log")
    bench.shell("git_ls_files", "git", "git ls-tree -r -l v2.32.3; git for-each-ref; git show-ref -d; git reflog; git count-objects -v", lib)
    bench.shell("git_blame_short", "git", "git blame -s v2.32.3 -- requests/adapters.py", lib, limit=24_000)


GROUPS = [fetch, diffs, own, status]
