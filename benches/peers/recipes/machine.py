"""What the machine itself prints: its packages, logs, processes, and the documents that it ships."""


def packages(bench):
    home = bench.folder("machine")
    bench.need("dpkg")
    bench.shell("dpkg_log", "system log", "tail -n 320 /var/log/dpkg.log", home, "When was libssl upgraded?")
    bench.shell("apt_history", "system log", "tail -c 30000 /var/log/apt/history.log", home)
    bench.shell("apt_term_log", "build log", "tail -c 24000 /var/log/apt/term.log", home)
    bench.shell("dpkg_list", "table", "dpkg -l | head -220", home, "Which version of gcc-12 is installed?")
    bench.shell("apt_list", "listing", "apt list --installed 2>/dev/null | head -360", home)
    bench.shell("apt_show", "config", "apt-cache show git curl openssl make 2>/dev/null", home)
    bench.shell("apt_install_dry", "build log", "apt-get install -s --no-install-recommends nginx redis-server ruby php-cli 2>&1", home)


def system(bench):
    home = bench.folder("machine")
    bench.shell("ps_aux", "table", "ps aux --sort=pid | cut -c1-400", home)
    bench.shell("ps_threads", "table", "ps -eLo pid,tid,ppid,user,stat,pcpu,pmem,vsz,rss,nlwp,lstart,comm --sort=pid | head -240", home)
    bench.shell("mounts_table", "table", "df -a -h; cat /proc/mounts; cat /proc/meminfo; cat /proc/cpuinfo | head -60", home)
    bench.shell("lsof_listing", "listing", "lsof -n -P +L -p $$ 2>/dev/null; ls -l /proc/self/fd /etc /usr/lib/x86_64-linux-gnu | head -420", home)
    bench.need("strace")
    bench.shell("strace_python", "system log", "strace -f -tt python3 -c 'import json' 2>&1", home, "Which files are not found?")
    bench.shell("strace_summary", "system log", "strace -f ls -la /usr/lib 2>&1 >/dev/null", home, limit=20_000)
    bench.shell("sysctl", "config", "sysctl -a 2>/dev/null | head -420", home)
    bench.shell("etc_configs", "config", "cat /etc/services /etc/protocols", home, limit=20_000)


def documents(bench):
    home = bench.folder("machine")
    docs = bench.folder("debian") / "unpacked/usr/share/doc/python3.11/html"
    bench.shell("html_python_json", "html", "cat library/json.html", docs, "What does object_pairs_hook do?", limit=40_000)
    bench.shell("html_python_index", "html", "cat library/index.html", docs)
    bench.shell("html_python_whatsnew", "html", "head -c 30000 whatsnew/3.11.html", docs)
    port = ("python3 -m http.server --bind 127.0.0.1 8934 >/dev/null 2>&1 & server=$!; sleep 1; "
            "curl -si http://127.0.0.1:8934/library/; curl -s http://127.0.0.1:8934/_sources/; kill $server")
    bench.shell("html_listing", "html", port, docs, limit=20_000)
    bench.shell("html_pydoc", "html", "python3 -m pydoc -w json.decoder >/dev/null; cat json.decoder.html; rm json.decoder.html", home)
    bench.shell("man_rebase", "prose", "MANWIDTH=100 man git-rebase 2>/dev/null | col -b", home, "What does --onto do?")
    bench.shell("man_rsync", "prose", "perldoc -T perlretut 2>/dev/null | col -b | head -c 30000", home)
    bench.shell("licence_gpl", "prose", "cat /usr/share/common-licenses/GPL-3", home)
    bench.shell("pydoc_text", "prose", "python3 -m pydoc argparse", home)
    bench.shell("csv_ubuntu", "csv", "cat /usr/share/distro-info/ubuntu.csv /usr/share/distro-info/debian.csv", home, "When does jammy end?")
    bench.shell("tsv_zones", "csv", "cat /usr/share/zoneinfo/zone1970.tab", home)
    bench.shell("csv_sqlite", "csv", "sqlite3 -header -csv :memory: \"create table f(name, size, kind, mode); "
                "with recursive n(i) as (values(1) union all select i + 1 from n where i < 420) insert into f select printf('src/mod_%03d.rs', i), i * 7919 % 60013, iif(i % 9, 'file', 'folder'), 33188 from n; "
                "select rowid, * from f\"", home)
    bench.shell("pem_bundle", "base64", "head -c 24000 /etc/ssl/certs/ca-certificates.crt", home)
    bench.shell("openssl_text", "mixed", "openssl x509 -in $(ls /etc/ssl/certs/*.pem | head -1) -text; openssl x509 -in $(ls /etc/ssl/certs/*.pem | tail -1) -text", home, "When does it expire?")
    bench.shell("eml_base64", "base64", "python3 -c \"import email.message, pathlib, sys; m = email.message.EmailMessage(); m['Subject'] = 'Report'; m.set_content('See the file.'); "
                "m.add_attachment(pathlib.Path(sys.executable).resolve().read_bytes()[:14000], maintype='application', subtype='octet-stream', filename='report.bin'); print(m)\"", home)


GROUPS = [packages, system, documents]
