"""A mock of AWS on this machine: ministack, and what it needs to be told.

It listens on 127.0.0.1 alone. What it does not play is listed here with what that
leaves unseen; nothing is left out in silence.
"""

import collections
import copy
import json
import os
import re
import sys

# Resource types that it refuses: each is taken as created, and does nothing.
UNPLAYED = {
    "AWS::CodeDeploy::Application": "new versions take over at once: no canary, no rollback",
    "AWS::CodeDeploy::DeploymentGroup": "the same",
    "AWS::WAFv2::WebACLAssociation": "nothing is turned away before it reaches a function",
    "AWS::WAFv2::LoggingConfiguration": "the same",
    "AWS::Budgets::Budget": "no bill",
    "AWS::Backup::BackupSelection": "no backup is ever made",
}

# Beside these: no alarm rings, and one over several metrics is a placeholder, too; nothing
# asks KMS on behalf of DynamoDB, SSM, SNS, SQS or EventBridge, so what a key's policy or a
# role's kms:Decrypt lacks is not seen; no quota, no page of a list, no order in which a
# change of roles and functions becomes visible.


def placeholder(resource_type):
    def create(logical_id, props, stack_name):
        name = f"{stack_name}-{logical_id}"
        return name, {"Arn": f"arn:aws:none:::{name}"}

    def update(physical_id, old_props, new_props, stack_name):
        return physical_id, {"Arn": f"arn:aws:none:::{physical_id}"}

    return {"create": create, "update": update, "delete": lambda physical_id, props: None}


def alarms_over_several_metrics(provisioners):
    handler = provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"]
    plays = dict(handler)
    stands_in = placeholder("AWS::CloudWatch::Alarm")

    def created(logical_id, props, stack_name):
        if "Metrics" in props:
            _, attributes = stands_in["create"](logical_id, props, stack_name)
            return props["AlarmName"], attributes
        return plays["create"](logical_id, props, stack_name)

    def updated(physical_id, old_props, new_props, stack_name, logical_id=None):
        if "Metrics" in new_props:
            return stands_in["update"](physical_id, old_props, new_props, stack_name)
        return plays["update"](physical_id, old_props, new_props, stack_name, logical_id)

    handler["create"], handler["update"] = created, updated
    handler["update_with_logical_id"] = True


def routes_of_body(provisioners, gateway):
    """The mock forgets the OpenAPI document in which SAM puts an HTTP API's routes."""

    def fill(api_id, props):
        body = props.get("Body") or {}
        schemes = (body.get("components") or {}).get("securitySchemes") or {}
        for kind in (gateway._routes, gateway._integrations, gateway._authorizers):
            kind[api_id] = {}
        authorizers = {}
        for name, scheme in schemes.items():
            said = scheme["x-amazon-apigateway-authorizer"]
            authorizers[name], _ = provisioners._apigw_v2_authorizer_create(name, {
                "ApiId": api_id,
                "Name": name,
                "AuthorizerType": "JWT",
                "IdentitySource": [said["identitySource"]],
                "JwtConfiguration": {
                    "Audience": said["jwtConfiguration"]["audience"],
                    "Issuer": said["jwtConfiguration"]["issuer"],
                },
            }, "")
        for path, methods in (body.get("paths") or {}).items():
            for method, operation in methods.items():
                said = operation["x-amazon-apigateway-integration"]
                integration, _ = provisioners._apigw_v2_integration_create("", {
                    "ApiId": api_id,
                    "IntegrationType": "AWS_PROXY",
                    "IntegrationUri": said["uri"],
                    "IntegrationMethod": said["httpMethod"],
                    "PayloadFormatVersion": said["payloadFormatVersion"],
                }, "")
                route = {
                    "ApiId": api_id,
                    "RouteKey": f"{method.upper()} {path}",
                    "Target": f"integrations/{integration}",
                }
                for security in operation.get("security") or []:
                    for name, scopes in security.items():
                        if name in authorizers:
                            route["AuthorizationType"] = "JWT"
                            route["AuthorizerId"] = authorizers[name]
                            route["AuthorizationScopes"] = scopes
                provisioners._apigw_v2_route_create("", route, "")

    handler = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
    create, update = handler["create"], handler["update"]

    def created(logical_id, props, stack_name):
        api_id, attributes = create(logical_id, props, stack_name)
        fill(api_id, props)
        return api_id, attributes

    def updated(physical_id, old_props, new_props, stack_name, logical_id=None):
        answer = update(physical_id, old_props, new_props, stack_name, logical_id)
        fill(answer[0], new_props)
        return answer

    handler["create"], handler["update"] = created, updated


# The functions run on this machine and not in Lambda: where what they call is.
OWN_VARIABLES = {
    "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:{port}",
    "AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:{port}",
}


def functions_on_this_machine(provisioners):
    """They call the stand-in for PayPal, and this mock where they would call AWS."""
    handler = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    port, paypal = os.environ["GATEWAY_PORT"], os.environ.get("REHEARSAL_PAYPAL")

    def changed(props):
        variables = dict(((props.get("Environment") or {}).get("Variables")) or {})
        variables.update({name: url.format(port=port) for name, url in OWN_VARIABLES.items()})
        if paypal and "PAYPAL_BASE_URL" in variables:
            variables.update(PAYPAL_BASE_URL=paypal, PAYPAL_ENVIRONMENT="local")
        # What is built for this machine cannot run on Lambda's.
        return {**props, "Environment": {"Variables": variables}, "Architectures": ["x86_64"]}

    for verb in ("create", "update"):
        plays = handler[verb]
        if verb == "create":
            handler[verb] = lambda logical_id, props, stack, plays=plays: plays(
                logical_id, changed(props), stack)
        else:
            handler[verb] = lambda physical_id, old, new, *rest, plays=plays: plays(
                physical_id, changed(old), changed(new), *rest)


def keys_of_the_table(actions):
    """The mock looks at actions and tables; a role of ours names partitions, too."""
    plays = actions.dynamodb_service_context

    def partitions(asked):
        if isinstance(asked.get("KeyConditionExpression"), str):
            # `pk = :pk AND …`, or of an index `shard = :shard AND …`
            condition = asked["KeyConditionExpression"]
            for name in re.findall(r"(?:pk|shard)\s*=\s*(:\w+)", condition):
                yield asked["ExpressionAttributeValues"][name]["S"]
        for place in ("Key", "Item"):
            if "pk" in (asked.get(place) or {}):
                yield asked[place]["pk"]["S"]
        for item in asked.get("TransactItems") or []:
            for step in item.values():
                yield from partitions(step)

    def context(body):
        asked = json.loads(body or b"{}")
        keys = list(partitions(asked)) if isinstance(asked, dict) else []
        if not keys and isinstance(asked, dict) and "TableName" in asked:
            # As in AWS a scan names none, and ForAllValues holds of nothing.
            return plays(body)
        return {**plays(body), "dynamodb:LeadingKeys": keys}

    actions.dynamodb_service_context = context


def a_past(dynamodb):
    """Its restore to a moment copies what is there now; here what a backup has kept of before."""
    plays = dynamodb._restore_table_to_point_in_time

    def restored(asked):
        answer = plays(asked)
        kept = [it for it in dynamodb._backups.values()
                if it["SourceTableDetails"]["TableName"] == asked["SourceTableName"]
                and it["BackupDetails"]["BackupCreationDateTime"] <= asked["RestoreDateTime"] + 1]
        if answer[0] == 200 and kept:
            table = dynamodb._tables[asked["TargetTableName"]]
            items = copy.deepcopy(kept[-1]["_items_snapshot"])
            table["items"] = collections.defaultdict(dict, items)
            dynamodb._items_replaced(table)
        return answer

    dynamodb._restore_table_to_point_in_time = restored


def nested_stacks_remember(provisioners):
    """Where a nested stack is updated, it forgets the attributes of what stays as it is."""
    provisions, updates, known = provisioners._provision_resource, provisioners._update_resource, {}

    def provisioned(resource_type, logical_id, props, stack_name):
        physical_id, attributes = provisions(resource_type, logical_id, props, stack_name)
        known[stack_name, logical_id] = attributes
        return physical_id, attributes

    def updated(resource_type, physical_id, old, new, stack_name, logical_id=None, *rest):
        physical_id, attributes = updates(
            resource_type, physical_id, old, new, stack_name, logical_id, *rest)
        known[stack_name, logical_id] = attributes or known.get((stack_name, logical_id), {})
        return physical_id, known[stack_name, logical_id]

    provisioners._provision_resource, provisioners._update_resource = provisioned, updated


def tables_of_a_stack(provisioners, dynamodb):
    """A table that a stack has made lacks what one has that it was asked for."""
    handler = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    plays = handler["create"]

    def created(logical_id, props, stack_name):
        name, attributes = plays(logical_id, props, stack_name)
        table, said = dynamodb._tables[name], props.get("SSESpecification") or {}
        spec = {"Enabled": said.get("SSEEnabled"), "SSEType": said.get("SSEType"),
                "KMSMasterKeyId": said.get("KMSMasterKeyId")}
        table["SSEDescription"] = dynamodb._sse_description_from_spec(spec)
        recovery = props.get("PointInTimeRecoverySpecification") or {}
        dynamodb._update_continuous_backups({
            "TableName": name, "PointInTimeRecoverySpecification": recovery})
        dynamodb._update_ttl({"TableName": name, "TimeToLiveSpecification":
                              props.get("TimeToLiveSpecification") or {}})
        for index in table.get("GlobalSecondaryIndexes") or []:
            index.setdefault("IndexStatus", "ACTIVE")
        return name, attributes

    handler["create"] = created


def what_stays(provisioners, dynamodb, backup):
    """It lets a stack delete a table that is protected, and take over a vault that is there."""
    tables = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    vaults = provisioners._RESOURCE_HANDLERS["AWS::Backup::BackupVault"]
    deletes, creates = tables["delete"], vaults["create"]

    def deleted(physical_id, props):
        table = dynamodb._tables.get(physical_id)
        if table and table.get("DeletionProtectionEnabled"):
            raise ValueError(f"{physical_id} is protected against deletion")
        deletes(physical_id, props)

    def created(logical_id, props, stack_name):
        name = props.get("BackupVaultName")
        if name in backup._vaults:
            raise ValueError(f"a backup vault with the name {name} exists already")
        return creates(logical_id, props, stack_name)

    tables["delete"], vaults["create"] = deleted, created


def the_citys_login(gateway):
    """Nothing is asked of the city's login: its keys are in a file."""
    issuer, path = os.environ.get("REHEARSAL_ISSUER"), os.environ.get("REHEARSAL_JWKS")
    if not issuer:
        return

    async def resolve(authorizer):
        configured = (authorizer.get("jwtConfiguration") or {}).get("issuer")
        return path if configured == issuer else None

    async def fetch(where):
        with open(where, encoding="utf-8") as file:
            return json.load(file)

    gateway._resolve_jwks_url, gateway._fetch_jwks = resolve, fetch


def main():
    os.environ.update(BIND_HOST="127.0.0.1", IOT_MTLS_ENABLED="0", LAMBDA_EXECUTOR="local",
                      AUTH="true")
    from ministack.core import iam_actions

    # Before anybody takes it by name.
    keys_of_the_table(iam_actions)
    from ministack import app
    from ministack.services import apigateway, backup, dynamodb
    from ministack.services.cloudformation import provisioners

    for resource_type in UNPLAYED:
        provisioners._RESOURCE_HANDLERS.setdefault(resource_type, placeholder(resource_type))
    alarms_over_several_metrics(provisioners)
    routes_of_body(provisioners, apigateway)
    functions_on_this_machine(provisioners)
    the_citys_login(apigateway)
    a_past(dynamodb)
    tables_of_a_stack(provisioners, dynamodb)
    what_stays(provisioners, dynamodb, backup)
    nested_stacks_remember(provisioners)
    sys.argv = sys.argv[:1]
    app.main()


if __name__ == "__main__":
    main()
