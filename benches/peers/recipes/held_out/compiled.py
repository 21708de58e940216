"""What the tools of Rust, C, Go, Java and the shell print, on other projects than the first set's."""

from workbench import Skipped

MANIFEST = '''[package]
name = "board"
version = "0.3.0"
edition = "2021"

[dependencies]
clap = { version = "=4.5.4", features = ["derive"] }
serde = { version = "=1.0.203", features = ["derive"] }
toml = "=0.8.13"
indexmap = "=2.2.6"
hashbrown = "=0.14.5"
httparse = "=1.8.0"
textwrap = "=0.16.1"
heck = "=0.5.0"
fastrand = "=2.1.0"
libz-sys = { version = "=1.1.16", features = ["static"] }

[workspace]
'''

DEBIAN = ["ripgrep", "tree", "fd-find", "shellcheck", "git-doc", "golang-1.19-go", "golang-1.19-src", "golang-github-gorilla-mux-dev",
          "golang-github-spf13-pflag-dev", "junit4", "libhamcrest-java", "libjackson2-core-java", "libjackson2-databind-java",
          "libjackson2-annotations-java"]


def fetch_debian(bench):
    """Tools from Debian packages, unpacked into the scratch folder: nothing is installed."""
    bench.need("apt-get", "dpkg-deb")
    home = bench.folder("debian")
    for package in DEBIAN:
        try:
            bench.once(f"debian-{package}", home, f"apt-get download -q {package}", f"dpkg-deb -x {package}_*.deb unpacked")
        except Skipped as err:
            bench.failed_groups.append((f"debian {package}", str(err)))
    bench.env["PATH"] = f"{home}/unpacked/usr/bin:{bench.env['PATH']}"


def fetch_rust(bench):
    bench.need("cargo")
    home = bench.folder("rust")
    bench.write(home / "Cargo.toml", MANIFEST)
    bench.write(home / "src/main.rs", MAIN)
    bench.once("rust-vendor", home, "cargo vendor vendor >/dev/null 2>&1")
    for crate in ("httparse", "textwrap", "heck", "hashbrown", "fastrand"):
        bench.once(f"rust-{crate}", home, f"cp -r vendor/{crate} {crate} && echo '[workspace]' >> {crate}/Cargo.toml")
    # A library of one's own needs none of the benches, nor what only they need.
    bench.once("rust-light", home, "for crate in httparse textwrap heck fastrand; do python3 -c \"import re, sys; p = sys.argv[1]; s = open(p).read(); "
               "open(p, 'w').write(re.sub(r'(?ms)^\\[(dev-dependencies|\\[bench|target\\.[^\\]]*dev-dependencies)[^\\n]*\\n.*?(?=^\\[|\\Z)', '', s))\" $crate/Cargo.toml; done")


def rust(bench):
    home = bench.folder("rust")
    target = {"CARGO_TARGET_DIR": str(bench.folder("rust", "target"))}
    bench.shell("cargo_check_clap", "build log", "cargo check -v 2>&1", home, "How long did it take?", before="rm -rf target", env=target, limit=24_000)
    bench.shell("cargo_test_heck", "test run", "cargo test 2>&1", home / "heck", env=target)
    bench.shell("cargo_test_httparse_broken", "test run", "cargo test --no-fail-fast 2>&1", home / "httparse", "Which requests are refused now?", env=target,
                before="sed -i \"s/b'-' | b'.' => true/b'-' => true/; s/Status::Complete(1)/Status::Complete(2)/; s/Some(b'1')/Some(b'2')/; s/b == b':'/b == b';'/\" src/*.rs")
    bench.shell("cargo_clippy_hashbrown", "linter", "cargo clippy -- -W clippy::pedantic -W clippy::nursery 2>&1", home / "hashbrown", "Are there missing docs?", env=target, limit=24_000)
    bench.shell("cargo_errors_textwrap", "linter", "cargo check 2>&1", home / "textwrap", "Why does it not compile?", env=target,
                before="sed -i 's/width: usize/width: u16/; s/-> Vec<Cow/-> Vec<Cov/; s/pub fn new(/pub fn make(/' src/options.rs src/wrap.rs src/word_separators.rs src/core.rs")
    bench.shell("cargo_check_json_textwrap", "json records", "cargo check --message-format=json 2>/dev/null", home / "textwrap", env=target, limit=26_000)
    bench.shell("cargo_fmt_diff", "diff", "cargo fmt --check -- --config max_width=64 2>&1", home / "fastrand", limit=20_000)
    bench.shell("rust_panic_toml", "stack trace", "cargo run -q -- settings.toml 2>&1; cargo run -q -- --depth 30 settings.toml 2>&1", home, "Which key is wrong?", env=target | {"RUST_BACKTRACE": "1"},
                before="printf 'name = \"board\"\\nretries = \"three\"\\n' > settings.toml")
    bench.shell("cargo_doc_html", "html", "cat target/doc/heck/index.html target/doc/heck/trait.ToSnakeCase.html target/doc/help.html", home, before="cargo doc -q --no-deps -p heck", env=target)
    bench.shell("cargo_tree_clap", "listing", "cargo tree --charset ascii -e all --prefix depth --no-dedupe", home, "What needs proc-macro2?")
    bench.shell("cargo_metadata_board", "api json", "cargo metadata --format-version 1", home, "Which features has clap_builder?", limit=30_000)
    bench.read("read_cargo_lock_board", "config", home / "Cargo.lock")
    bench.read("read_clap_command", "source", home / "vendor/clap_builder/src/builder/command.rs", "What does try_get_matches do?", first=480, lines=420)
    bench.shell("cat_indexmap_map", "source", "sed -n '1,420p' vendor/indexmap/src/map.rs", home)
    bench.shell("textwrap_changelog", "prose", "cat vendor/textwrap/CHANGELOG.md", home, "When did it get optimal fit?", limit=24_000)
    bench.shell("clap_readmes", "mixed", "cat vendor/{toml,httparse,fastrand,hashbrown,indexmap}/README.md", home)
    bench.shell("grep_impl_for", "search", "grep -rnE '^impl.* for ' vendor/{clap_builder,toml_edit}/src", home, "What implements Display?", limit=24_000)
    bench.shell("rg_files_with", "search", "rg -n --heading 'must_use' vendor/clap_builder/src/builder --sort path", home)


def c(bench):
    bench.need("gcc", "make", "cmake", "ninja")
    home = bench.folder("c")
    bench.once("c-zlib", home, f"cp -r {bench.folder('rust')}/vendor/libz-sys/src/zlib zlib; test -s zlib/inflate.c")
    bench.shell("cmake_ninja_zlib", "build log", "cmake -S zlib -B built -G Ninja --log-level=VERBOSE 2>&1 && ninja -C built -v 2>&1", home, "Which tests of the compiler failed?", before="rm -rf built", limit=24_000)
    bench.shell("ctest_zlib", "test run", "ctest --test-dir built -V 2>&1; ctest --test-dir built -N", home)
    bench.shell("make_zlib_verbose", "build log", "cd zlib && ./configure && make -B 2>&1", home)
    bench.shell("gcc_analyzer", "linter", "gcc -c -o /dev/null -fanalyzer -Wall -Wextra -Wconversion -Wcast-qual -fno-diagnostics-show-caret zlib/gzread.c zlib/gzwrite.c 2>&1; "
                "for file in zlib/{deflate,trees,inftrees,gzlib}.c; do gcc -fsyntax-only -Wall -Wextra -Wconversion -fno-diagnostics-show-caret $file; done 2>&1", home, limit=24_000)
    bench.write(home / "reader.c", ASAN)
    bench.shell("asan_reports", "stack trace", "gcc -g -fsanitize=address,undefined -fno-omit-frame-pointer reader.c -o reader && for n in 1 2 3; do ./reader $n; done 2>&1", home, "Which of them is a use after free?")
    bench.shell("gdb_backtrace", "stack trace", "gcc -g -O0 reader.c -o plain && gdb -q -batch -ex run -ex 'bt full' -ex 'info registers' -ex 'info locals' --args ./plain 4 2>&1 | tail -n 160", home)
    bench.read("read_inflate", "source", home / "zlib/inflate.c", "When is a distance too far back?", first=560, lines=420)
    bench.shell("zlib_faq", "prose", "cat zlib/FAQ zlib/README", home)
    bench.shell("objdump_symbols", "table", "readelf -SW -lW built/libz.so; nm -S --size-sort -r built/libz.so | head -120", home, "How large is .rodata?")
    bench.shell("tree_zlib", "listing", "tree -L 3 -h zlib vendor", home, before=f"ln -sfn {bench.folder('rust')}/vendor vendor", limit=20_000)


def shell(bench):
    home = bench.folder("c")
    bench.need("shellcheck")
    scripts = "zlib/configure $(grep -lE '^#! ?/bin/(ba)?sh' /usr/bin/* 2>/dev/null | sort | head -14)"
    bench.shell("shellcheck_gcc", "linter", f"shellcheck -f gcc {scripts} 2>&1", home, "Which of these are errors?", limit=20_000)
    bench.shell("shellcheck_tty", "linter", "shellcheck zlib/configure 2>&1", home, limit=16_000)
    bench.shell("shellcheck_json", "json records", f"shellcheck -f json {scripts} 2>&1", home, limit=26_000)
    bench.shell("bash_trace", "system log", "cd zlib && bash -x ./configure --static 2>&1", home, "Does it find stdarg.h?", limit=24_000)


def go(bench):
    home, debian = bench.folder("go"), bench.folder("debian") / "unpacked"
    bench.once("go-root", home, f"rm -rf goroot && cp -rL {debian}/usr/share/go-1.19 goroot; cp -rL {debian}/usr/lib/go-1.19/bin goroot/; "
               f"mkdir -p goroot/pkg; cp -r {debian}/usr/lib/go-1.19/pkg/* goroot/pkg/; test -x goroot/bin/go")
    for name, path in (("mux", "github.com/gorilla/mux"), ("pflag", "github.com/spf13/pflag")):
        bench.once(f"go-{name}", bench.folder("go", name), f"cp -r {debian}/usr/share/gocode/src/{path}/* . && printf 'module {path}\\n\\ngo 1.19\\n' > go.mod")
    bench.once("go-mux-broken", home / "mux", "sed -i 's/if !ok || old/if ok || old/; s/tpl\\[idxs\\[i\\]:end\\]/tpl[idxs[i]+1:end]/; s/return cleanPath/return path.Clean/' *.go; "
               "sed -i 's/strings.ToLower(scheme)/strings.ToUpper(scheme)/; s/http.StatusMethodNotAllowed/http.StatusNotFound/' route.go mux.go")
    env = {"GOROOT": str(home / "goroot"), "GOCACHE": str(bench.folder("go", "cache")), "GOPATH": str(bench.folder("go", "path")),
           "PATH": f"{home}/goroot/bin:{bench.env['PATH']}", "GOFLAGS": "-mod=mod -vet=off", "GOPROXY": "off"}
    bench.shell("go_test_mux_broken", "test run", "go test ./... 2>&1", home / "mux", "Why are the schemes not matched?", env=env, limit=24_000)
    bench.shell("go_test_pflag", "test run", "go test -v ./... 2>&1", home / "pflag", env=env, limit=24_000)
    bench.shell("go_test_json_mux", "json records", "go test -json -run 'TestHost|TestPath' . 2>&1", home / "mux", env=env, limit=24_000)
    # Mistakes that compile.
    bench.once("go-vetted", home, "cp -r pflag vetted && cd vetted && sed -i 's/Sprintf(\"%d\", /Sprintf(\"%s\", /; s/fmt.Errorf(\"%s/fmt.Errorf(\"%d/; "
               "s/t.Errorf(\"expected %v got %v\"/t.Errorf(\"expected %v got %v %v\"/; s/t.Fatal(/t.Fatal(\"%v\", /; s/t.Fatalf(\"/t.Fatalf(\"%d /' *.go")
    bench.once("go-spaced", home, "cp -r mux spaced && sed -i 's/^\\t\\t/\\t/; s/ := /:=/' spaced/*.go")
    bench.shell("go_vet_errors", "linter", "go vet ./... 2>&1", home / "vetted", "Are any of these real?", env=env)
    bench.shell("gofmt_diff", "diff", "gofmt -d . | head -c 20000", home / "spaced", env=env)
    bench.shell("go_doc_net", "prose", "go doc -all net/url; go doc -all path/filepath", home / "mux", "What does JoinPath do?", env=env, limit=24_000)
    bench.shell("go_list_json", "nested json", "go list -json ./...; go list -json net/http/httputil", home / "mux", env=env, limit=24_000)
    bench.read("read_pflag_flag", "source", home / "pflag/flag.go", "How is a shorthand looked up?", first=400, lines=420)
    bench.write(home / "stuck/main.go", GO_STUCK)
    bench.write(home / "stuck/go.mod", "module example.test/stuck\n\ngo 1.19\n")
    bench.shell("go_deadlock", "stack trace", "go run . 2>&1", home / "stuck", "Who waits for whom?", env=env)


def java(bench):
    bench.need("java", "javac")
    home = bench.folder("java")
    jars = bench.folder("debian") / "unpacked/usr/share/java"
    path = f"out:{jars}/junit4.jar:{jars}/hamcrest-core.jar:{jars}/hamcrest.jar:{jars}/jackson-core.jar:{jars}/jackson-databind.jar:{jars}/jackson-annotations.jar"
    bench.write(home / "src/desk/Ticket.java", TICKET)
    bench.write(home / "src/desk/TicketTest.java", TICKET_TEST)
    bench.shell("javac_verbose", "build log", f"javac -verbose -g -cp {path} -d out src/desk/*.java 2>&1", home, before="rm -rf out && mkdir -p out", limit=20_000)
    bench.shell("junit_failures", "test run", f"java -cp {path} org.junit.runner.JUnitCore desk.TicketTest 2>&1", home, "Which assertion fails in the parser?")
    bench.shell("jackson_trace", "stack trace", f"java -cp {path} desk.Ticket read 2>&1", home, "Which field cannot be read?")
    bench.shell("java_heap_log", "system log", f"java -Xlog:gc*,gc+heap=debug,gc+age=trace,os+cpu:stdout:uptimemillis,level,tags -XX:+UseSerialGC -Xmx16m -cp {path} desk.Ticket fill 2>&1", home, "Why did it run out of memory?", limit=24_000)
    bench.shell("java_histogram", "table", f"java -cp {path} desk.Ticket wait & sleep 3; jcmd $! GC.class_histogram | head -220; jcmd $! VM.native_memory; kill $!", home)
    bench.shell("java_flags", "config", "java -XX:+PrintFlagsFinal -version 2>/dev/null | head -260; java -XshowSettings:all -version 2>&1 | head -90", home)
    bench.shell("jar_listing", "listing", f"unzip -l {jars}/jackson-databind.jar", home, "Is there a DurationDeserializer?", limit=24_000)
    bench.shell("javap_source", "source", f"javap -p -cp {path} com.fasterxml.jackson.databind.ObjectMapper com.fasterxml.jackson.databind.DeserializationContext", home, limit=24_000)
    bench.need("mvn")
    for name in ("core", "web", "store"):
        bench.write(home / f"many/{name}/pom.xml", POM.format(name=name, packaging="pom", more="<parent><groupId>desk</groupId><artifactId>many</artifactId><version>0.3.0</version></parent>"))
    bench.write(home / "many/pom.xml", POM.format(name="many", packaging="pom", more="<modules><module>core</module><module>web</module><module>store</module></modules>"))
    bench.shell("maven_reactor", "build log", "mvn -B -o -X validate 2>&1", home / "many", "In which order are the modules built?", limit=24_000)


MAIN = r'''use clap::Parser;
use std::collections::BTreeMap;

#[derive(Parser, Debug)]
struct Args {
    path: std::path::PathBuf,
    #[arg(long, default_value_t = 0)]
    depth: u32,
}

#[derive(serde::Deserialize, Debug)]
struct Settings {
    name: String,
    retries: u8,
    #[serde(default)]
    limits: BTreeMap<String, u64>,
}

fn descend(depth: u32, left: &mut Vec<u32>) -> u32 {
    if depth == 0 {
        return left.pop().expect("nothing is left to take");
    }
    descend(depth - 1, left)
}

fn load(path: &std::path::Path) -> Settings {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    toml::from_str(&text).unwrap()
}

fn main() {
    let args = Args::parse();
    if args.depth > 0 {
        descend(args.depth, &mut vec![]);
    }
    let settings = load(&args.path);
    println!("{} {} {:?}", settings.name, settings.retries, settings.limits);
}
'''

ASAN = r'''#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ticket { int id; char owner[12]; struct ticket *next; };

static struct ticket *make(int id, const char *owner) {
    struct ticket *made = malloc(sizeof *made);
    made->id = id; made->next = NULL;
    strcpy(made->owner, owner);
    return made;
}
static void drop(struct ticket *all) { if (all->next) drop(all->next); free(all); }
static int count(struct ticket *all) { return all ? 1 + count(all->next) : 0; }
static int nth(const int *hours, int at) { return hours[at] + hours[at + 1]; }
static int price(struct ticket *one) { return one->next->id * 3; }

int main(int argc, char **argv) {
    struct ticket *all = make(1, "user-1");
    all->next = make(2, "user-2");
    switch (atoi(argv[1])) {
        case 1: drop(all); printf("%d\n", count(all)); break;
        case 2: make(3, "a-user-with-a-long-name"); break;
        case 3: { int hours[4] = {1, 2, 3, 4}; printf("%d\n", nth(hours, argc + 1)); } break;
        case 4: printf("%d\n", price(all->next)); break;
    }
    return 0;
}
'''

GO_STUCK = r'''package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

type desk struct {
	mu      sync.RWMutex
	waiting chan int
	done    sync.WaitGroup
}

func (d *desk) serve(ctx context.Context, window int) {
	defer d.done.Done()
	for id := range d.waiting {
		d.mu.RLock()
		d.mu.Lock()
		fmt.Println(window, id)
	}
}

func main() {
	d := &desk{waiting: make(chan int)}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for window := 0; window < 14; window++ {
		d.done.Add(1)
		go d.serve(ctx, window)
	}
	for id := 100; id < 114; id++ {
		d.waiting <- id
	}
	d.done.Wait()
}
'''

TICKET = r'''package desk;

import com.fasterxml.jackson.databind.*;
import java.time.*;
import java.util.*;

public class Ticket {
    public int id;
    public String title;
    public List<Line> lines = new ArrayList<>();
    public static class Line { public int hours; public Map<String, Integer> costs; }

    static Ticket read(String json) throws java.io.IOException { return new ObjectMapper().readValue(json, Ticket.class); }
    int hours() { return lines.stream().mapToInt(line -> line.hours).sum(); }
    static Duration until(String due) { return Duration.between(LocalDateTime.parse("2024-05-01T08:00:00"), LocalDateTime.parse(due)); }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("fill")) { Map<Integer, byte[]> kept = new HashMap<>(); for (int n = 0; ; n++) kept.put(n, new byte[9000]); }
        if (args[0].equals("wait")) { List<Object> kept = new ArrayList<>(); for (int n = 0; n < 40_000; n++) kept.add(Map.of("ticket-" + n, new Ticket())); Thread.sleep(60_000); }
        for (String json : List.of("{\"id\": \"seven\", \"lines\": []}", "{\"id\": 7, \"lines\": [{\"hours\": 2, \"costs\": {\"travel\": \"much\"}}]}", "{\"id\": 8, \"state\": \"open\"}", "{\"id\": 9, "))
            try { System.out.println(read(json).hours()); } catch (java.io.IOException err) { new IllegalStateException("ticket could not be read", err).printStackTrace(); }
        until("2024-05-32T08:00:00");
    }
}
'''

TICKET_TEST = r'''package desk;

import static org.junit.Assert.*;
import org.junit.Test;
import java.time.Duration;
import java.util.*;

public class TicketTest {
    private static final String TWO = "{\"id\": 7, \"title\": \"jam\", \"lines\": [{\"hours\": 2}, {\"hours\": 5}]}";
    @Test public void addsHours() throws Exception { assertEquals(8, Ticket.read(TWO).hours()); }
    @Test public void readsTitle() throws Exception { assertEquals("jam", Ticket.read(TWO).title); }
    @Test public void refusesUnknownFields() throws Exception { assertNull(Ticket.read("{\"owner\": 3}").title); }
    @Test public void countsDays() { assertEquals(Duration.ofDays(2), Ticket.until("2024-05-02T08:00:00")); }
    @Test(expected = IllegalArgumentException.class) public void refusesDates() { Ticket.until("tomorrow"); }
    @Test public void linesAreEqual() throws Exception { assertArrayEquals(new int[] {2, 4}, Ticket.read(TWO).lines.stream().mapToInt(line -> line.hours).toArray()); }
    @Test(timeout = 300) public void isQuick() throws Exception { Thread.sleep(2000); }
}
'''

POM = '''<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  {more}
  <groupId>desk</groupId><artifactId>{name}</artifactId><version>0.3.0</version><packaging>{packaging}</packaging>
</project>
'''

GROUPS = [fetch_rust, rust, c, shell, go, java]
