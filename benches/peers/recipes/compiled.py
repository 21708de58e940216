"""What the tools of Rust, C, Go and Java print."""


from workbench import Skipped

MANIFEST = '''[package]
name = "service"
version = "0.1.0"
edition = "2021"

[dependencies]
serde = { version = "=1.0.203", features = ["derive"] }
serde_json = "=1.0.117"
regex = "=1.10.4"
anyhow = "=1.0.86"
semver = "=1.0.23"
smallvec = "=1.13.2"
itertools = "=0.13.0"

[workspace]
'''

DEBIAN = ["ripgrep", "tree", "golang-1.19-go", "golang-1.19-src", "python3.11-doc"]


def fetch_debian(bench):
    """Tools from Debian packages, unpacked into the scratch folder: nothing is installed."""
    bench.need("apt-get", "dpkg-deb")
    home = bench.folder("debian")
    for package in DEBIAN:
        try:
            bench.once(f"debian-{package}", home, f"apt-get download -q {package}", f"dpkg-deb -x {package}_*.deb unpacked")
        except Skipped as err:
            bench.failed_groups.append((f"debian {package}", str(err)))
    bench.env["PATH"] = f"{home}/unpacked/usr/bin:{home}/unpacked/usr/lib/go-1.19/bin:{bench.env['PATH']}"


def fetch_rust(bench):
    bench.need("cargo")
    home = bench.folder("rust")
    bench.write(home / "Cargo.toml", MANIFEST)
    bench.write(home / "src/main.rs", MAIN)
    bench.once("rust-vendor", home, "cargo vendor vendor >/dev/null 2>&1")
    for crate in ("semver", "smallvec", "itertools", "anyhow"):
        bench.once(f"rust-{crate}", home, f"cp -r vendor/{crate} {crate} && echo '[workspace]' >> {crate}/Cargo.toml")


def rust(bench):
    home = bench.folder("rust")
    target = {"CARGO_TARGET_DIR": str(bench.folder("rust", "target"))}
    bench.shell("cargo_build_verbose", "build log", "cargo build -v", home, before="rm -rf target", env=target)
    bench.shell("cargo_build_json", "json records", "cargo build --message-format=json 2>/dev/null", home, env=target)
    bench.shell("cargo_metadata", "api json", "cargo metadata --format-version 1 --no-deps; cargo metadata --format-version 1", home,
                "Which features does serde have on?", limit=40_000)
    bench.shell("cargo_tree", "listing", "cargo tree -e features --no-dedupe", home)
    bench.shell("cargo_test_semver", "test run", "cargo test 2>&1", home / "semver", env=target)
    bench.shell("cargo_test_smallvec_broken", "test run", "cargo test --no-fail-fast 2>&1", home / "smallvec",
                "Which tests fail, and at which line?", env=target | {"RUST_BACKTRACE": "1"},
                before="sed -i 's/self.len() + additional/self.len() + additional + 1/; s/ptr.add(index)/ptr.add(index + 1)/; "
                       "s/i < len/i <= len/' src/lib.rs && sed -i 's/assert_eq!(v.len(), 3)/assert_eq!(v.len(), 4)/; "
                       "s/SmallVec::<\\[_; 2\\]>/SmallVec::<[_; 3]>/; s/assert_eq!(&v\\[..\\], &\\[0, 1, 2\\])/assert_eq!(\\&v[..], \\&[0, 1, 3])/' src/tests.rs")
    bench.shell("cargo_clippy_pedantic", "linter", "cargo clippy -- -W clippy::pedantic -W clippy::restriction 2>&1", home / "semver",
                "Is there anything about unsafe?", env=target)
    bench.shell("cargo_clippy_json", "json records", "cargo clippy --message-format=json -- -W clippy::pedantic 2>/dev/null", home / "anyhow",
                env=target, limit=40_000)
    bench.shell("cargo_check_errors", "linter", "cargo check 2>&1", home / "itertools", "How do I fix these errors?", env=target,
                before="sed -i 's/fn size_hint(&self)/fn size_hint(self)/; s/I: Iterator,$/I: Iterator + Missing,/' src/adaptors/mod.rs src/format.rs src/groupbylazy.rs")
    bench.shell("rust_panic", "stack trace", "cargo run -q 2>&1", home, "Where is the index wrong?", env=target | {"RUST_BACKTRACE": "full"})
    bench.shell("mixed_build_json", "mixed", "cargo clean -q -p service; cargo build -v --message-format=json 2>&1", home, env=target, limit=24_000)
    bench.read("read_cargo_lock", "config", home / "Cargo.lock")
    bench.shell("cat_cargo_lock_long", "config", "cat itertools/Cargo.lock", home)
    bench.shell("cat_manifests", "config", "cat vendor/{regex,serde_json,memchr,syn}/Cargo.toml", home, "Which feature turns logging on?")
    bench.read("read_semver_lib", "source", home / "vendor/semver/src/lib.rs")
    bench.read("read_itertools_lib", "source", home / "vendor/itertools/src/lib.rs", first=400, lines=500)
    bench.shell("cat_anyhow_error", "source", "cat vendor/anyhow/src/error.rs", home)
    bench.shell("itertools_changelog", "prose", "cat vendor/itertools/CHANGELOG.md", home)
    bench.shell("grep_unsafe", "search", "grep -rn unsafe vendor/{anyhow,smallvec,memchr}/src", home, "Which of these are in arch/x86_64?")
    bench.shell("rg_impl_count", "search", "rg -c '^impl' vendor --sort path; rg -n '^pub (fn|struct|enum|trait)' vendor/regex/src vendor/itertools/src --sort path", home)


def c(bench):
    bench.need("gcc", "make", "perl")
    home = bench.folder("c")
    bench.once("c-sources", home, f"for dir in $(find {bench.env['HOME']}/.cargo/registry/src -maxdepth 2 -name 'libsqlite3-sys-*' | head -1); "
               "do cp $dir/sqlite3/sqlite3.c $dir/sqlite3/sqlite3.h .; done; test -s sqlite3.c",
               "mkdir -p zstd && cp -r $(find $HOME/.cargo/registry/src -maxdepth 2 -name 'zstd-sys-*' | head -1)/zstd/lib zstd/")
    bench.shell("gcc_warnings", "linter", "gcc -fsyntax-only -Wall -Wextra -Wconversion -Wshadow sqlite3.c 2>&1", home)
    bench.shell("gcc_warnings_zstd", "linter", "gcc -fsyntax-only -Wall -Wextra -Wconversion -Wsign-conversion -Wcast-qual zstd/lib/compress/huf_compress.c zstd/lib/decompress/zstd_decompress.c 2>&1",
                home, limit=22_000)
    bench.write(home / "Makefile", "SOURCES := $(wildcard zstd/lib/*/*.c)\nOBJECTS := $(SOURCES:.c=.o)\nCFLAGS := -O1 -g -Wall -Wextra -Wcast-align -Wstrict-aliasing=1 -Wswitch-enum "
                "-Wpointer-arith -DZSTD_DISABLE_ASM -DXXH_NAMESPACE=ZSTD_\nlibzstd.a: $(OBJECTS)\n\tar rcs $@ $^\n")
    bench.shell("make_zstd", "build log", "make 2>&1", home, "Did it build?", before="find zstd -name '*.o' -delete")
    bench.shell("gcc_errors", "linter", "gcc -c -DPager=int -fmax-errors=60 sqlite3.c 2>&1", home, limit=20_000)
    bench.read("read_sqlite_part", "source", home / "sqlite3.c", "What does sqlite3VdbeExec do on OP_Halt?", first=95000, lines=400)


def go(bench):
    bench.need("go")
    root = bench.folder("debian") / "unpacked/usr/lib/go-1.19"
    source = bench.folder("debian") / "unpacked/usr/share/go-1.19/src"
    home = bench.folder("go")
    bench.once("go-root", home, f"cp -rL {bench.folder('debian')}/unpacked/usr/share/go-1.19 goroot; cp -rL {root}/bin goroot/; "
               f"mkdir -p goroot/pkg; cp -r {root}/pkg/* goroot/pkg/; test -x goroot/bin/go")
    bench.once("go-broken", bench.folder("go", "csv"), f"cp {source}/encoding/csv/*.go . && printf 'module example.test/csv\\n\\ngo 1.19\\n' > go.mod",
               "sed -i 's/r.offset += int64(readSize)/r.offset += int64(readSize) + 1/; s/field = field\\[:i\\]/field = field[:i+1]/' reader.go")
    env = {"GOROOT": str(home / "goroot"), "GOCACHE": str(bench.folder("go", "cache")), "GOPATH": str(bench.folder("go", "path")),
           "PATH": f"{home}/goroot/bin:{bench.env['PATH']}", "GOFLAGS": "-vet=off"}
    bench.shell("go_test_verbose", "test run", "go test -v strings 2>&1", home, env=env, limit=24_000)
    bench.shell("go_test_failures", "test run", "go test ./... 2>&1", home / "csv", "What broke in the reader?", env=env, limit=24_000)
    bench.shell("go_test_json", "json records", "go test -json -run 'TestRead' . 2>&1", home / "csv", env=env, limit=24_000)
    bench.shell("go_env_json", "config", "go env; go list -json encoding/json", home, env=env)
    bench.write(home / "crash/main.go", GO_CRASH)
    bench.write(home / "crash/go.mod", "module example.test/crash\n\ngo 1.19\n")
    bench.shell("go_panic", "stack trace", "go run . 2>&1", home / "crash", "Which goroutine holds the lock?", env=env | {"GOTRACEBACK": "all"})
    bench.shell("go_build_trace", "build log", "go build -x -a -o /dev/null . 2>&1", home / "crash", env=env)


def java(bench):
    bench.need("java", "javac", "javadoc")
    home = bench.folder("java")
    bench.write(home / "src/shop/Main.java", JAVA)
    bench.shell("java_trace", "stack trace", "java -cp out shop.Main chain 2>&1", home, "Why can the order not be loaded?",
                before="mkdir -p out && javac -g -d out src/shop/Main.java")
    bench.shell("java_stack_overflow", "stack trace", "java -cp out shop.Main deep 2>&1", home, limit=16_000)
    bench.shell("java_thread_dump", "stack trace", "java -cp out shop.Main wait & sleep 2; jstack $!; kill $!", home, "Which threads wait for one another?")
    bench.shell("java_class_log", "system log", "java -Xlog:class+load:stdout:uptime,level,tags -cp out shop.Main chain 2>/dev/null", home)
    bench.shell("java_gc_log", "system log", "java -Xlog:gc*,safepoint:stdout:time,level,tags -Xmx24m -cp out shop.Main churn 2>&1", home, "How long was the longest pause?")
    bench.shell("javac_lint", "linter", "javac -Xlint:all -Xdoclint:all -Xmaxwarns 300 -d out2 src/shop/Main.java 2>&1; javadoc -Xmaxwarns 300 -private -d doc src/shop/Main.java 2>&1", home)
    bench.shell("javadoc_html", "html", "cat doc/shop/Main.html", home, "Which methods does Main have?")
    bench.shell("javadoc_index_html", "html", "cat doc/index-all.html doc/help-doc.html", home)
    bench.need("mvn")
    bench.write(home / "pom.xml", POM)
    bench.shell("maven_errors", "stack trace", "mvn -B -o -e test 2>&1", home)
    bench.shell("maven_debug", "build log", "mvn -B -o -X test 2>&1", home)


MAIN = r'''use itertools::Itertools;
use std::collections::HashMap;

#[derive(Debug, serde::Deserialize)]
struct Order {
    id: u64,
    items: Vec<usize>,
}

fn price(order: &Order, prices: &[f64]) -> f64 {
    order.items.iter().map(|&item| prices[item]).sum()
}

fn main() -> anyhow::Result<()> {
    let orders: Vec<Order> = serde_json::from_str(r#"[{"id": 1, "items": [0, 1]}, {"id": 2, "items": [7]}]"#)?;
    let unused = HashMap::<u8, u8>::new();
    let digits = regex::Regex::new(r"\d+")?;
    println!("{} {:?}", orders.iter().map(|order| order.id).join(","), digits.find("a12"));
    let totals: Vec<f64> = orders.iter().map(|order| price(order, &[9.99, 120.0])).collect();
    println!("{totals:?}");
    Ok(())
}
'''

GO_CRASH = r'''package main

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

type order struct {
	ID    int `json:"id"`
	lines []int
}

var mu sync.Mutex

func load(n int, out chan<- *order) {
	mu.Lock()
	defer mu.Unlock()
	var o order
	if err := json.Unmarshal([]byte(fmt.Sprintf(`{"id": %d}`, n)), &o); err != nil {
		panic(err)
	}
	time.Sleep(20 * time.Millisecond)
	out <- &o
}

func total(o *order) int { return o.lines[o.ID] }

func main() {
	out := make(chan *order)
	for n := 0; n < 24; n++ {
		go load(n, out)
	}
	fmt.Println(total(<-out))
}
'''

JAVA = r'''package shop;

import java.util.*;
import java.util.concurrent.*;

public class Main {
    static class OrderException extends RuntimeException {
        OrderException(String message, Throwable cause) { super(message, cause); }
    }
    static int price(Map prices, String sku) { return (Integer) prices.get(sku); }
    static int total(List<String> skus) {
        Map prices = new HashMap();
        prices.put("SKU-0012", 999);
        prices.put("SKU-7731", "12000");
        return skus.stream().mapToInt(sku -> price(prices, sku)).sum();
    }
    static int load(int order) {
        try {
            return total(List.of("SKU-0012", "SKU-7731"));
        } catch (ClassCastException err) {
            OrderException failed = new OrderException("order " + order + " could not be priced", err);
            failed.addSuppressed(new IllegalStateException("ledger of order " + order + " is open", new java.io.IOException("connection reset by 10.0.0.7:5432")));
            throw failed;
        }
    }
    static void chain() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(3);
        List<Future<Integer>> found = new ArrayList<>();
        for (int order = 41; order < 53; order++) { int id = order; found.add(pool.submit(() -> load(id))); }
        for (Future<Integer> future : found) {
            try { future.get(); } catch (ExecutionException err) { new RuntimeException("batch 2024-06", err).printStackTrace(); }
        }
        pool.shutdown();
        throw new CompletionException(new TimeoutException("12 of 12 orders failed"));
    }
    static int deep(int n) { return n % 2 == 0 ? deeper(n + 1) : deep(n + 1); }
    static int deeper(int n) { return deep(n + 2); }
    static void hold() throws Exception {
        Object first = new Object(), second = new Object();
        for (int n = 0; n < 6; n++) {
            boolean even = n % 2 == 0;
            new Thread(() -> { synchronized (even ? first : second) {
                try { Thread.sleep(400); } catch (InterruptedException err) { return; }
                synchronized (even ? second : first) { System.out.println("never"); } } }, "order-worker-" + n).start();
        }
        Thread.sleep(60_000);
    }
    static void churn() {
        List<byte[]> kept = new LinkedList<>();
        for (int n = 0; n < 4000; n++) { kept.add(new byte[40_000]); if (kept.size() > 300) kept.remove(0); }
        System.out.println(kept.size());
    }
    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "chain": chain(); break;
            case "deep": deep(0); break;
            case "wait": hold(); break;
            case "churn": churn();
            default: System.out.println("done");
        }
    }
}
'''

POM = '''<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>shop</groupId><artifactId>shop</artifactId><version>1.4.0</version>
  <properties><maven.compiler.release>17</maven.compiler.release></properties>
  <dependencies>
    <dependency><groupId>org.apache.commons</groupId><artifactId>commons-csv</artifactId><version>1.10.0</version></dependency>
  </dependencies>
</project>
'''

GROUPS = [fetch_rust, rust, c, go, java]
