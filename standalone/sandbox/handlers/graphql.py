from ..answers import Answer, not_found
from ..calls import Call


def post_graphql(call: Call) -> Answer:
    raise not_found()
