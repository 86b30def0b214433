"""A Paste filter that holds application and server to PEP 3333."""
from wsgiref.validate import validator


def make(global_config, **local):
    return validator
