"""What AWS's macro makes of a SAM template.

Reads from standard input a JSON list of objects, each with values of parameters, and prints a JSON
list with the transformed template of each. A parameter without a value and without a default has
its own name as its value. The macro is the one that the SAM CLI brings to validate templates.
"""

import json
import logging
import sys

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

logging.disable(logging.CRITICAL)


session = boto3.session.Session(region_name="us-east-1")


def transform(text, given):
    template = yaml_parse(text)
    parameters = template["Parameters"].items()
    values = {name: str(declared.get("Default", name)) for name, declared in parameters}
    # `sam deploy` uploads the code, and writes down where it is.
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/code"
    return Translator({}, Parser(), boto_session=session).translate(template, values | given)


with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
json.dump([transform(text, given) for given in json.load(sys.stdin)], sys.stdout)
