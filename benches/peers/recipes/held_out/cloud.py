"""What the clients of clusters and clouds print: against a mock of AWS in this machine, and without any cluster."""


def aws(bench):
    """The real command line client, answered by a mock server that is gone when its payloads are made."""
    bench.need("aws", "moto_server")
    home = bench.folder("cloud")
    env = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "eu-central-1", "AWS_PAGER": "",
           "AWS_ENDPOINT_URL": "http://127.0.0.1:8944", "MOTO_PORT": "8944", "AWS_CONFIG_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"}
    bench.prepare("(moto_server -H 127.0.0.1 -p 8944 > moto.log 2>&1 & echo $! > pid); sleep 6; "
                  "aws ec2 run-instances --image-id ami-12c6146b --count 7 --instance-type t3.small --tag-specifications 'ResourceType=instance,Tags=[{Key=Name,Value=desk},{Key=Team,Value=printers}]' >/dev/null && "
                  "for n in 1 2 3 4 5 6; do aws iam create-role --role-name desk-$n --assume-role-policy-document '{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"ec2.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}]}' >/dev/null; done",
                  home, timeout=120, env=env)
    try:
        bench.shell("aws_instances", "api json", "aws ec2 describe-instances", home, "Which subnet are they in?", env=env)
        bench.shell("aws_instance_types", "api json", "aws ec2 describe-instance-types --filters Name=instance-type,Values=t3.*,m5.*", home, "Which of them has 16 GiB?", env=env)
        bench.shell("aws_network", "api json", "aws ec2 describe-route-tables; aws ec2 describe-network-acls; aws ec2 describe-regions; aws ec2 describe-availability-zones", home, env=env)
        bench.shell("aws_roles_security", "api json", "aws iam list-roles; aws ec2 describe-security-groups; aws ec2 describe-subnets", home, env=env)
        bench.shell("aws_images_table", "table", "aws ec2 describe-images --output table --query 'Images[:60].{Id:ImageId,Name:Name,Owner:OwnerId,Root:RootDeviceType,State:State}'", home, "Who owns the Ubuntu images?", env=env)
        bench.shell("aws_types_text", "table", "aws ec2 describe-instance-types --output text --query 'InstanceTypes[:220].[InstanceType,VCpuInfo.DefaultVCpus,MemoryInfo.SizeInMiB,NetworkInfo.NetworkPerformance,Hypervisor]'", home, env=env)
        bench.shell("aws_debug_log", "system log", "aws s3 cp none.txt s3://no-such-bucket/ 2>&1; aws s3api get-object --bucket no-such-bucket --key a out --debug 2>&1", home, "Why is it refused?", env=env, limit=24_000)
        bench.shell("moto_server_log", "system log", "cat moto.log", home, env=env)
    finally:
        bench.run("kill $(cat pid); sleep 1", home)
    bench.shell("aws_service_model", "nested json", "python -c \"import gzip, json, pathlib, botocore; path = next(pathlib.Path(botocore.__file__).parent.glob('data/sts/*/service-2.json.gz')); "
                "print(json.dumps(json.loads(gzip.open(path).read()), indent=2))\"", home, "Which errors has AssumeRole?", limit=30_000)
    bench.shell("aws_refused_trace", "stack trace", "python -c \"import boto3; boto3.client('sqs', endpoint_url='http://127.0.0.1:9').list_queues()\" 2>&1; "
                "python -c \"import botocore.session; botocore.session.get_session().create_client('s3').get_bucket()\" 2>&1", home, env=env | {"AWS_MAX_ATTEMPTS": "1"})


def kubernetes(bench):
    bench.need("kubectl")
    home = bench.folder("kube")
    for name, port in (("desk", 8000), ("printer", 9100), ("mailer", 2525), ("archive", 7000)):
        bench.write(home / f"base/{name}.yaml", WORKLOAD.format(name=name, port=port))
    bench.write(home / "base/kustomization.yaml", "resources: [desk.yaml, printer.yaml, mailer.yaml, archive.yaml]\n")
    for stage, count in (("staging", 1), ("production", 5)):
        bench.write(home / stage / "kustomization.yaml", OVERLAY.format(stage=stage, count=count))
    bench.shell("kustomize_production", "config", "kubectl kustomize production", home, "How many replicas has the mailer?")
    bench.shell("kustomize_diff", "diff", "diff -u <(kubectl kustomize staging) <(kubectl kustomize production)", home, "What differs between the stages?")
    bench.shell("kubectl_set_json", "nested json", "kubectl set resources --local -f base/desk.yaml --limits=cpu=2,memory=1Gi -o json; kubectl label --local -f base/printer.yaml tier=paper -o json; "
                "kubectl annotate --local -f base/mailer.yaml owner=bo -o json", home)
    bench.shell("kubectl_secrets", "base64", "kubectl create secret tls desk-tls --cert=cert.pem --key=key.pem --dry-run=client -o yaml; kubectl create secret generic desk-keys --from-file=ca=/etc/ssl/certs/ca-certificates.crt --dry-run=client -o yaml | head -c 12000",
                home, "Is this a TLS secret?", before="test -s cert.pem || openssl req -x509 -newkey rsa:4096 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=desk.example.test")
    bench.shell("kubectl_create_help", "prose", "kubectl create --help; kubectl rollout --help; kubectl patch --help; kubectl drain --help; kubectl logs --help", home, "How do I skip the daemon sets?")


def terraform(bench):
    bench.need("terraform")
    home = bench.folder("terraform")
    bench.write(home / "main.tf", ROOT)
    bench.write(home / "room/main.tf", ROOM)
    env = {"TF_IN_AUTOMATION": "1", "TF_CLI_ARGS": "-no-color", "CHECKPOINT_DISABLE": "1"}
    ready = "terraform init -input=false >/dev/null && terraform apply -auto-approve -input=false >/dev/null"
    bench.shell("terraform_apply", "build log", "terraform apply -auto-approve -input=false -var windows=9 2>&1", home, "Was anything destroyed?", env=env, before=ready)
    bench.shell("terraform_destroy_plan", "diff", "terraform plan -destroy -input=false 2>&1", home, env=env, limit=20_000)
    bench.shell("terraform_state_list", "listing", "terraform state list; terraform providers; terraform graph", home, env=env)
    bench.shell("terraform_schema", "nested json", "terraform output -json; terraform providers schema -json", home, env=env)
    bench.write(home / "broken/main.tf", ROOT.replace("each.value", "each.valve").replace("./room", "../room").replace("var.windows", "var.doors"))
    bench.shell("terraform_errors", "linter", "terraform validate 2>&1; terraform validate -json; terraform fmt -check -diff .. ", home / "broken", "Which variable is undeclared?",
                env=env, before="terraform get >/dev/null 2>&1; true")


WORKLOAD = '''apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels: {{app: {name}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
        - name: {name}
          image: registry.example.test/{name}:0.3.0
          ports: [{{containerPort: {port}}}]
          env:
            - {{name: PORT, value: "{port}"}}
            - name: TOKEN
              valueFrom: {{secretKeyRef: {{name: {name}-keys, key: token}}}}
          readinessProbe: {{httpGet: {{path: /health, port: {port}}}, periodSeconds: 10}}
          volumeMounts: [{{name: state, mountPath: /var/lib/{name}}}]
      volumes:
        - name: state
          persistentVolumeClaim: {{claimName: {name}-state}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  selector: {{app: {name}}}
  ports: [{{port: 80, targetPort: {port}}}]
'''

OVERLAY = '''namespace: {stage}
namePrefix: {stage}-
resources: [../base]
labels: [{{pairs: {{stage: {stage}}}, includeSelectors: true}}]
replicas: [{{name: desk, count: {count}}}, {{name: mailer, count: {count}}}]
images: [{{name: registry.example.test/desk, newTag: 0.3.{count}}}]
configMapGenerator: [{{name: settings, literals: [STAGE={stage}, LIMIT=4{count}]}}]
'''

ROOT = '''
variable "windows" {
  default = 4
}

module "room" {
  source  = "./room"
  for_each = { ground = 1, first = 2, second = 3 }
  name    = each.key
  floor   = each.value
  windows = var.windows
}

output "rooms" {
  value = { for key, room in module.room : key => room.windows }
}
'''

ROOM = '''
variable "name" {}
variable "floor" {}
variable "windows" {}

resource "terraform_data" "window" {
  count            = var.windows
  triggers_replace = [var.windows > 6 ? var.floor : 0]
  input            = { label = "${var.name}-${count.index}", floor = var.floor, faces = element(["north", "south"], count.index) }
}

output "windows" {
  value = terraform_data.window[*].output.label
}
'''

GROUPS = [aws, kubernetes, terraform]
