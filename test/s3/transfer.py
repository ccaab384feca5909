# What boto3 does with files: large ones in parts, at once. Its arguments are a bucket and a folder.
import sys

import boto3
from boto3.s3.transfer import TransferConfig

bucket, folder = sys.argv[1:]
s3 = boto3.client('s3')
config = TransferConfig(multipart_threshold=6 << 20, multipart_chunksize=5 << 20)
s3.upload_file(f'{folder}/large', bucket, 'boto3/large', Config=config, ExtraArgs={'Metadata': {'by': 'boto3'}})
assert s3.head_object(Bucket=bucket, Key='boto3/large')['ETag'].endswith('-3"')
s3.copy({'Bucket': bucket, 'Key': 'boto3/large'}, bucket, 'boto3/copy', Config=config)
s3.download_file(bucket, 'boto3/copy', f'{folder}/boto3', Config=config)
url = s3.generate_presigned_url('get_object', Params={'Bucket': bucket, 'Key': 'boto3/large'})
keys = [entry['Key'] for page in s3.get_paginator('list_objects_v2').paginate(
    Bucket=bucket, Prefix='boto3/', PaginationConfig={'PageSize': 1}) for entry in page['Contents']]
assert keys == ['boto3/copy', 'boto3/large'], keys
try:
    s3.get_object(Bucket=bucket, Key='none')
except s3.exceptions.NoSuchKey:
    pass
elsewhere = boto3.client('s3', region_name='eu-west-1')
elsewhere.create_bucket(Bucket=f'{bucket}-eu', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
# A client of another region is sent on, and finds the way.
s3.put_object(Bucket=f'{bucket}-eu', Key='k', Body=b'redirected')
assert elsewhere.get_object(Bucket=f'{bucket}-eu', Key='k')['Body'].read() == b'redirected'
print(url)
