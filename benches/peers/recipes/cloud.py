"""What the clients of clusters, clouds and databases print, without a cluster or a cloud."""

from pathlib import Path


def kubernetes(bench):
    bench.need("kubectl")
    home = bench.folder("cloud")
    create = " ".join([
        "for name in checkout catalog mailer ledger search; do",
        "kubectl create deployment $name --image=shop/$name:1.4.$RANDOM --replicas=3 --port=8080 --dry-run=client -o FORMAT;",
        "kubectl create service clusterip $name --tcp=80:8080 --dry-run=client -o FORMAT;",
        "kubectl create configmap $name --from-literal=LOG_LEVEL=info --from-literal=DB_HOST=db-$name.internal --dry-run=client -o FORMAT;",
        "kubectl create cronjob $name-clean --image=shop/$name --schedule='*/5 * * * *' --dry-run=client -o FORMAT;",
        "kubectl create ingress $name --rule=$name.example.test/*=$name:80 --dry-run=client -o FORMAT;",
        "kubectl create quota $name --hard=cpu=4,memory=8Gi,pods=20 --dry-run=client -o FORMAT; SEPARATOR done"])
    fixed = "RANDOM=7; "
    bench.shell("kubectl_manifests_json", "api json", fixed + create.replace("FORMAT", "json").replace("SEPARATOR", ""), home,
                "Which image runs the mailer?")
    bench.shell("kubectl_manifests_yaml", "config", fixed + create.replace("FORMAT", "yaml").replace("SEPARATOR", "echo ---;"), home)
    bench.shell("kubectl_roles_yaml", "config", "for verb in get list watch create update patch delete; do kubectl create clusterrole can-$verb "
                "--verb=$verb --resource=pods,services,deployments.apps,jobs.batch --dry-run=client -o yaml; echo ---; done; kubectl config view", home)
    bench.shell("kubectl_refused_log", "system log", "kubectl -v=8 --server=http://127.0.0.1:9 get pods,svc -A 2>&1", home, "Is the cluster up?")
    bench.shell("kubectl_help", "prose", "kubectl apply --help; kubectl run --help; kubectl get --help", home)


def terraform(bench):
    bench.need("terraform")
    home = bench.folder("terraform")
    bench.write(home / "main.tf", TERRAFORM)
    env = {"TF_IN_AUTOMATION": "1", "TF_CLI_ARGS": "-no-color", "CHECKPOINT_DISABLE": "1"}
    ready = "terraform init -input=false >/dev/null && terraform apply -auto-approve -input=false >/dev/null"
    bench.shell("terraform_plan", "diff", "terraform plan -input=false -var count_of=22 -var size=40", home, "What will be destroyed?", env=env, before=ready)
    bench.shell("terraform_state_json", "api json", "terraform show -json", home, env=env)
    bench.shell("terraform_plan_json", "json records", "terraform plan -json -input=false -var count_of=30 -var size=44", home, env=env)
    bench.shell("terraform_trace", "system log", "TF_LOG=trace terraform plan -input=false 2>&1", home, env=env, limit=24_000)


def clients(bench):
    home = bench.folder("cloud")
    bench.need("docker")
    bench.shell("docker_help", "prose", "docker run --help; docker build --help 2>&1; docker --help", home)
    bench.shell("docker_context", "table", "docker context ls; docker version 2>&1; docker info 2>&1; docker run --help | head -120", home)


def postgres(bench):
    """A server of our own, in the scratch folder, gone when its payloads are made."""
    binaries = "$(ls -d /usr/lib/postgresql/*/bin | tail -1)"
    home = bench.folder("postgres")
    user = "" if bench.run("id -u", home)[0].strip() != "0" else "chown -R postgres . && setpriv --reuid=postgres --regid=postgres --clear-groups "
    # The socket stands in a folder with a short path, and the server may not see the home folder of root.
    start = (f"rm -rf /tmp/headroom-peers-pg && mkdir -p /tmp/headroom-peers-pg && cd /tmp/headroom-peers-pg && {user}bash -c \"B={binaries}; "
             "\\$B/initdb -D cluster -A trust -U shop >init.log && \\$B/pg_ctl -D cluster -w -l server.log -o "
             "'-p 8933 -k /tmp/headroom-peers-pg -c listen_addresses= -c log_statement=all -c log_duration=on "
             "-c log_line_prefix=%m,[%p],%u@%d: -c log_checkpoints=on -c log_lock_waits=on' start >/dev/null\"")
    sql = "psql -h /tmp/headroom-peers-pg -p 8933 -U shop -d postgres"
    bench.write(home / "shop.sql", SQL)
    bench.prepare(start, home)
    try:
        bench.prepare(f"{sql} -q -f shop.sql", home)
        bench.prepare(f"B={binaries}; $B/pgbench -h /tmp/headroom-peers-pg -p 8933 -U shop -i -q postgres; "
                      "$B/pgbench -h /tmp/headroom-peers-pg -p 8933 -U shop -t 12 -c 3 postgres; true", home)
        bench.shell("psql_settings_csv", "csv", f"{sql} --csv -c 'select name, setting, unit, category, context, vartype, min_val, max_val, boot_val from pg_settings order by name'",
                    home, "What is wal_buffers set to?")
        bench.shell("psql_orders_csv", "csv", f"{sql} --csv -c 'select * from orders order by id limit 400'", home, "Which orders of Oslo were refused?")
        bench.shell("psql_columns_tsv", "csv", f"{sql} -At -F $'\\t' -c \"select table_schema, table_name, column_name, ordinal_position, data_type, is_nullable from information_schema.columns where table_name ~ '^pg_stat' order by 1, 2, 4\"", home)
        bench.shell("psql_orders_table", "table", f"{sql} -c 'select * from orders order by id limit 160'", home)
        bench.shell("psql_functions", "table", f"{sql} -c '\\df pg_catalog.json*' -c '\\d pg_stat_activity' -c '\\dt pg_catalog.*'", home)
        bench.shell("psql_explain", "nested json", f"{sql} -At -c \"explain (analyze, verbose, buffers, format json) select c.city, o.status, sum(o.cents) from orders o join customers c on c.id = o.customer join (select customer, max(placed) from orders group by 1) n on n.customer = c.id where o.cents > 500 group by 1, 2 order by 3 desc\"", home,
                    "Which node takes longest?")
        bench.shell("psql_orders_json", "json records", f"{sql} -At -c \"select json_agg(o) from (select * from orders order by id limit 150) o\"", home, "Which orders cost more than 9900 cents?")
        bench.shell("psql_orders_jsonl", "json records", f"{sql} -At -c \"select row_to_json(o) from (select o.*, row_to_json(c) as buyer from orders o join customers c on c.id = o.customer order by o.id limit 110) o\"", home)
        bench.shell("pg_server_log", "system log", "cat server.log", Path("/tmp/headroom-peers-pg"), "Which statement took longest?", limit=30_000)
    finally:
        bench.run(f"cd /tmp/headroom-peers-pg && {user}bash -c \"{binaries}/pg_ctl -D cluster -m fast stop\"; rm -rf /tmp/headroom-peers-pg", home)


TERRAFORM = '''
variable "count_of" { default = 18 }
variable "size" { default = 20 }

resource "terraform_data" "disk" {
  count            = var.count_of
  triggers_replace = [count.index % 3 == 0 ? var.size : 20]
  input = {
    name = "disk-${count.index}"
    size = var.size + count.index
    zone = element(["a", "b", "c"], count.index)
    tags = { owner = "checkout", cost = "c-${1000 + count.index * 37}" }
  }
}

resource "terraform_data" "attach" {
  for_each = { for disk in terraform_data.disk : disk.input.name => disk.input }
  input    = { disk = each.key, zone = each.value.zone }
}

output "disks" { value = terraform_data.disk[*].output }
'''

SQL = '''
create table customers (id int primary key, name text, city text, email text);
insert into customers select n, 'Customer ' || n, (array['Oslo','Lyon','Graz','Turin','Gent'])[1 + n % 5], 'c' || n || '@example.test' from generate_series(1, 90) n;
create table orders (id int primary key, customer int references customers, placed timestamptz, status text, cents int, note text);
select setseed(0.25);
insert into orders select n, 1 + (n * 7919) % 90, timestamptz '2024-03-01 08:00+00' + n * interval '11 minutes', (array['paid','paid','paid','paid','open','refused'])[1 + (random() * 5)::int], (random() * 10000)::int, case when n % 17 = 0 then 'gift, "wrapped"' end from generate_series(1, 900) n;
select * from no_such_table;
update orders set status = 'paid' where id = 'x';
insert into orders values (1, 1, now(), 'paid', 5, null);
insert into orders values (9999, 4711, now(), 'paid', 5, null);
'''

GROUPS = [kubernetes, terraform, clients, postgres]
