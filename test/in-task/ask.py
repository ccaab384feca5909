# As ask.mjs, with boto3: only what is the SDK's own doing.
import json
import os
import urllib.request

import boto3


def found(name, find):
    try:
        print(json.dumps({'name': name, 'value': find()}), flush=True)
    except Exception as error:
        print(json.dumps({'name': name, 'error': f'{type(error).__name__}: {error}'}), flush=True)


def identity():
    answer = boto3.client('sts').get_caller_identity()
    return {key: answer[key] for key in ('UserId', 'Account', 'Arn')}


def metadata():
    with urllib.request.urlopen(os.environ['ECS_CONTAINER_METADATA_URI_V4'] + '/task') as response:
        return {'status': response.status, 'body': json.load(response)}


def s3_object():
    s3 = boto3.client('s3')
    at = {'Bucket': 'inside', 'Key': 'from python/☃'}
    s3.put_object(Body=b'written inside', **at)
    return s3.get_object(**at)['Body'].read().decode()


found('identity', identity)
found('object', s3_object)
found('clusters', lambda: boto3.client('ecs').list_clusters()['clusterArns'])
found('secrets', lambda: [os.environ[name] for name in ('PARAMETER', 'PASSWORD')])
found('v4/task', metadata)
