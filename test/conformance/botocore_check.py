"""Parses answers with botocore's own parsers and says which differ from what was meant. Reads and writes JSON lines."""
import base64
import datetime
import json
import sys

import botocore.parsers
import botocore.session

session = botocore.session.get_session()
models = {}


def comparable(value, shape, known):
    """As `comparable` in compare.ts; members that this botocore does not know are left out of what was meant."""
    if getattr(shape, "is_document_type", False):
        return value
    if isinstance(value, dict) and "$date" in value:
        return value
    if isinstance(value, dict) and "$bytes" in value:
        return value
    if isinstance(value, datetime.datetime):
        return {"$date": round(value.timestamp() * 1000)}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, list):
        items = [comparable(item, shape.member, known) for item in value]
        items = [item for item in items if item is not None]
        return items or None
    if isinstance(value, dict):
        result = {}
        for key, item in value.items():
            if shape.type_name == "map":
                inner = shape.value
            elif key in shape.members:
                inner = shape.members[key]
            else:
                if known:
                    result[key] = "unexpected"
                continue
            item = comparable(item, inner, known)
            if item is not None:
                result[key] = item
        return result or None
    if isinstance(value, str) and value != "" and shape.type_name == "integer":
        return int(value)
    return None if value == "" else value


for line in open(sys.argv[1]):
    case = json.loads(line)
    name = case["sdk"]
    if name not in models:
        models[name] = session.get_service_model(case["botocore"])
    model = models[name]
    response = {
        "status_code": case["status"],
        "headers": botocore.awsrequest.HeadersDict(case["headers"]),
        "body": base64.b64decode(case["body"]),
        "context": {"operation_name": case["operation"]},
    }
    if case["operation"] not in model.operation_names:
        print(json.dumps({"skipped": case["operation"]}))
        continue
    shape = model.operation_model(case["operation"]).output_shape
    payload = shape.serialization.get("payload") if shape is not None and case["status"] < 300 else None
    if payload is not None and shape.members[payload].type_name == "blob":
        # Streams are handed through as they are; only what is of type bytes is taken for text.
        response["body"] = bytearray(response["body"])
    # A service that speaks several protocols was asked in the one of the JavaScript SDK.
    spoken = "json" if "x-amz-json" in case["headers"].get("content-type", "") else model.protocol
    parser = botocore.parsers.create_parser(spoken)
    parsed = parser.parse(response, shape)
    if payload is not None and isinstance(parsed.get(payload), bytearray):
        parsed[payload] = bytes(parsed[payload]) or None
    metadata = parsed.pop("ResponseMetadata", {})
    if "error" in case:
        code = parsed.get("Error", {}).get("Code")
        message = parsed.get("Error", {}).get("Message")
        if [code, message] != case["error"]:
            print(json.dumps({"case": case["operation"], "meant": case["error"], "found": [code, message]}))
        continue
    if metadata.get("RequestId") != case["requestId"]:
        print(json.dumps({"case": case["operation"], "meant": case["requestId"], "found": metadata}))
    if shape is None:
        continue
    meant = comparable(case.get("output") or {}, shape, False)
    found = comparable(parsed, shape, True)
    if meant != found:
        print(json.dumps({"case": case["operation"], "meant": meant, "found": found}))
print(json.dumps({"done": True}))
