from ..answers import Answer, not_found
from ..calls import Call


def list_hooks(call: Call) -> Answer:
    raise not_found()


list_deliveries = get_delivery = redeliver = list_hooks
