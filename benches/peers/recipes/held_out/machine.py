"""What the machine itself prints, by other commands than the first set's."""


def packages(bench):
    home = bench.folder("machine")
    bench.need("dpkg", "apt-get")
    bench.shell("alternatives_log", "system log", "tail -c 20000 /var/log/alternatives.log", home, "What does pager point to?")
    bench.shell("apt_policy", "config", "apt-cache policy $(dpkg-query -W -f '${Package}\\n' | grep '^lib[a-e]' | head -40); apt-config dump | head -120", home, limit=20_000)
    bench.shell("dpkg_query_tsv", "csv", "dpkg-query -W -f '${Package}\\t${Version}\\t${Architecture}\\t${Installed-Size}\\t${Section}\\t${Status}\\n' | tail -n 240", home, "How large is zlib1g-dev?")
    bench.shell("dpkg_contents", "listing", "dpkg -L git perl-base libc6-dev | head -420", home, limit=24_000)
    bench.shell("apt_upgrade_dry", "build log", "apt-get install -s build-essential cmake ninja-build postgresql-client libboost-dev golang nodejs 2>&1 | tail -n 320", home, "Which packages are removed?", limit=24_000)
    bench.shell("apt_rdepends", "listing", "apt-cache depends git curl openssh-client python3 nodejs; apt-cache rdepends libgmp10 | head -150", home)


def system(bench):
    home = bench.folder("machine")
    bench.shell("ps_tree_table", "table", "ps -ef --forest | cut -c1-180", home, "Which process started the shell?")
    bench.shell("sockets_table", "table", "ss -tanp 2>/dev/null | head -120; ss -xan 2>/dev/null | head -120; ss -s; cat /proc/net/{tcp,tcp6,unix,protocols} | head -160", home)
    bench.shell("top_table", "table", "top -b -n 2 -d 0.5 -w 140 | head -160; vmstat 1 3; free -m", home, "How much memory is free?")
    bench.shell("proc_interrupts", "table", "cat /proc/interrupts /proc/softirqs /proc/net/dev /proc/diskstats; head -60 /proc/vmstat", home)
    bench.shell("getent_table", "table", "getent passwd; getent group; getent protocols; ip -s addr; ip route show table all", home)
    bench.shell("smaps_text", "mixed", "head -c 14000 /proc/self/smaps; cat /proc/self/status /proc/self/limits", home)
    bench.shell("units_config", "config", "cat /usr/lib/systemd/system/systemd-{logind,journald,networkd,udevd,timesyncd}.service /usr/lib/systemd/system/*.timer 2>/dev/null | head -420", home)
    bench.shell("etc_ini", "config", "cat /etc/ssl/openssl.cnf /etc/login.defs /etc/nsswitch.conf /etc/adduser.conf 2>/dev/null | head -620", home, "Which cipher level is the default?", limit=22_000)
    bench.shell("curl_trace", "system log", "mkdir -p www && for n in 1 2 3; do seq 1 9 > www/$n.txt; done; python3 -m http.server --bind 127.0.0.1 --directory www 8945 >/dev/null 2>&1 & server=$!; sleep 2; "
                "for n in 1 2 3 4; do curl -s --trace-ascii - --trace-time http://127.0.0.1:8945/$n.txt; done; kill $server", home, "Which of the files is missing?")
    bench.need("strace")
    bench.shell("strace_git", "system log", "strace -f -r -e trace=file,process git status 2>&1", bench.folder("git", "koa"), "Which configuration files does git read?", limit=20_000)
    bench.shell("strace_counts", "table", "for tool in 'git log --stat' 'ls -R /usr/share/doc' 'python3 -c 1'; do strace -c -f -o counts.txt $tool >/dev/null 2>&1; cat counts.txt; done", bench.folder("git", "koa"))


def documents(bench):
    home = bench.folder("machine")
    docs = bench.folder("debian") / "unpacked/usr/share/doc/git/html"
    bench.shell("html_git_stash", "html", "cat git-stash.html", docs, "How do I stash untracked files?", limit=30_000)
    bench.shell("html_git_tutorial", "html", "curl -s file://$PWD/gittutorial.html", docs, limit=30_000)
    bench.shell("html_user_manual", "html", "sed -n '900,1300p' user-manual.html", docs, limit=26_000)
    bench.shell("text_git_workflows", "prose", "cat gitworkflows.txt MyFirstContribution.txt | head -c 26000", docs, "When should I merge upwards?")
    bench.shell("man_bash_redirection", "prose", "MANWIDTH=90 man bash 2>/dev/null | col -b | sed -n '1500,1900p'", home, "What does 2>&1 do first?", limit=24_000)
    bench.shell("licences", "prose", "cat /usr/share/common-licenses/Apache-2.0 /usr/share/common-licenses/MPL-2.0", home, limit=24_000)
    bench.shell("pydoc_subprocess", "prose", "python3 -m pydoc subprocess", home, "What does check do?", limit=26_000)
    bench.shell("csv_sectors", "csv", "sqlite3 -header -csv :memory: \"create table t(a); with recursive n(i) as (values(1) union all select i + 1 from n where i < 260) "
                "select i as id, datetime(1714550400 + i * 977, 'unixepoch') as opened, printf('user-%d', i * 31 % 17) as owner, case i % 7 when 0 then 'closed, twice' when 3 then 'waiting' else 'open' end as state, "
                "round(i * 7919 % 1009 / 8.0, 2) as hours from n\"", home, "Which tickets took longest?")
    bench.shell("sqlite_box", "table", "sqlite3 :memory: '.mode box' 'pragma function_list' '.mode column' 'pragma compile_options' 'pragma pragma_list' | head -320", home, limit=24_000)
    bench.shell("perl_source", "source", "head -c 24000 /usr/share/perl/5.*/File/Find.pm", home, "How does it follow links?")
    bench.shell("keys_armored", "base64", "head -c 20000 $(ls /usr/share/keyrings/*.asc /etc/apt/trusted.gpg.d/*.asc 2>/dev/null | head -3)", home, before="ls /etc/apt/trusted.gpg.d/*.asc")
    bench.shell("ssh_keys", "base64", "rm -f id*; for n in 1 2; do ssh-keygen -q -t rsa -b 4096 -N '' -C desk-$n@example.test -f id$n; cat id$n id$n.pub; ssh-keygen -lvf id$n; done", home, "What is the fingerprint?")
    bench.shell("jar_manifest_mixed", "mixed", "unzip -p /usr/share/java/guava.jar META-INF/MANIFEST.MF; openssl version -a; openssl ciphers -v | head -40; openssl s_client -connect 127.0.0.1:9 2>&1; gpg --show-keys --with-fingerprint /usr/share/keyrings/*.gpg 2>/dev/null | head -120", home)


GROUPS = [packages, system, documents]
