"""Who may what: every role tries every kind of call on every partition and every secret.

What each may stands in rights.txt, to be read by whoever changes a role: a right more is
seen as much as one less. Nothing is changed by the trying: each write has a condition that
never holds, and AWS looks at rights before it looks at conditions.
"""

import difflib
import json
from pathlib import Path

from blocks import Failed

LISTED = Path(__file__).resolve().parent / "rights.txt"

# By the beginning of their keys: of the table, then of its index.
PARTITIONS = ["MUNICIPALITY#1", "TICKET#1", "ATTEMPT#1", "EVENT#1", "RECEIPT#1", "EXPORT#00",
              "CHANGES#00", "SUBSCRIBER#1", "FOREIGN#1", "OPEN_REFUNDS", "NIGHTS",
              "PAYPAL_ACCESS_TOKEN"]
LISTS = ["LIKELY#00", "NEW#00", "OPEN#00", "REFUND#approved", "REFUND#failed", "TICKET#open#00",
         "MESSAGE#failed#1"]
SECRETS = ["paypal/credentials", "token/signing-key", "token/next-signing-key",
           "paypal/webhook-anchors", "subscribers"]


class Rights:
    def __init__(self, rehearsal):
        import botocore.session

        self.rehearsal = rehearsal
        session = botocore.session.Session()
        self.client = lambda service, **who: session.create_client(
            service, region_name="eu-central-1", endpoint_url=rehearsal.aws_url, **who)

    def roles(self):
        """Each role of a function, with credentials of it."""
        stack = "knoellchen-sandbox"
        answer = self.rehearsal.aws(f"cloudformation describe-stack-resources --stack-name {stack}")
        iam, sts = (self.client(service, **root()) for service in ("iam", "sts"))
        for resource in sorted(answer["StackResources"], key=lambda it: it["LogicalResourceId"]):
            name, logical = resource.get("PhysicalResourceId"), resource["LogicalResourceId"]
            if resource["ResourceType"] != "AWS::IAM::Role" or not logical.endswith("Role"):
                continue
            role = iam.get_role(RoleName=name)["Role"]
            if "lambda.amazonaws.com" not in json.dumps(role["AssumeRolePolicyDocument"]):
                continue
            # Only Lambda may be it; for once whoever rehearses may, too.
            anybody = {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(anybody))
            told = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="rehearsal")["Credentials"]
            yield logical.removesuffix("Role"), {
                "aws_access_key_id": told["AccessKeyId"],
                "aws_secret_access_key": told["SecretAccessKey"],
                "aws_session_token": told["SessionToken"],
            }

    def matrix(self):
        lines = []
        for role, who in self.roles():
            table, secrets = self.client("dynamodb", **who), self.client("ssm", **who)
            lines.append(role)
            for name in PARTITIONS:
                lines.append((name.split("#")[0], self.of_partition(table, name)))
            for name in LISTS:
                lines.append((f"index {name}", self.of_list(table, name)))
            every = self.letters({"s": lambda: table.scan(TableName=self.table, Limit=1)})
            lines.append(("the whole table", every))
            for name in SECRETS:
                path = f"/knoellchen-sandbox/{name}"
                can = {"g": lambda path=path: secrets.get_parameter(Name=path, WithDecryption=True),
                       "p": lambda path=path: secrets.put_parameter(Name=path, Value="x",
                                                                    Type="SecureString")}
                lines.append((f"secret {name}", self.letters(can)))
        return "\n".join(
            f"\n{it}" if isinstance(it, str) else f"    {it[0]:32} {it[1]}"
            for it in lines if isinstance(it, str) or it[1]) + "\n"

    table = "knoellchen-sandbox-table"

    def of_partition(self, client, name):
        key = {"pk": {"S": name}, "sk": {"S": "matrix"}}
        never = {"ConditionExpression": "attribute_exists(nothing_has_this)"}
        asked = {"ExpressionAttributeValues": {":pk": {"S": name}},
                 "KeyConditionExpression": "pk = :pk"}
        return self.letters({
            "g": lambda: client.get_item(TableName=self.table, Key=key),
            "q": lambda: client.query(TableName=self.table, **asked),
            "p": lambda: client.put_item(TableName=self.table, Item=key, **never),
            "u": lambda: client.update_item(TableName=self.table, Key=key, **never),
            "d": lambda: client.delete_item(TableName=self.table, Key=key, **never),
        })

    def of_list(self, client, name):
        asked = {"ExpressionAttributeValues": {":shard": {"S": name}},
                 "KeyConditionExpression": "shard = :shard"}
        return self.letters({"q": lambda: client.query(
            TableName=self.table, IndexName="open-work", **asked)})

    @staticmethod
    def letters(calls):
        from botocore.exceptions import ClientError

        may = ""
        for letter, call in calls.items():
            try:
                call()
                may += letter
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in ("ConditionalCheckFailedException", "ParameterAlreadyExists",
                            "ParameterNotFound"):
                    may += letter
                elif not code.startswith("AccessDenied"):
                    raise
        return may

    def hold(self):
        print("\n== who may what: g(et), q(uery), p(ut), u(pdate), d(elete), s(can)")
        found = self.matrix()
        print(found)
        listed = [it for it in LISTED.read_text().splitlines() if not it.startswith("#")]
        if found.strip().splitlines() != "\n".join(listed).strip().splitlines():
            differs = difflib.unified_diff(listed, found.splitlines(), "tests/deploy/rights.txt",
                                           "seen", lineterm="", n=40)
            raise Failed("roles may something else than rights.txt lists:\n" + "\n".join(differs))


def root():
    return {"aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal"}
