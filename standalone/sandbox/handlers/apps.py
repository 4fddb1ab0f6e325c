from ..answers import Answer, not_found
from ..calls import Call


def get_app(call: Call) -> Answer:
    raise not_found()


list_installations = mint_token = list_installation_repositories = get_repository_installation = (
    get_app
)
