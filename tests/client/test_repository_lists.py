"""The choice of the Repositories page."""

import pytest

from client_code import repository_lists


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"search": "api", "source": "octo/*", "sort": "name", "page": "3"},
        {"source": "by name", "sort": "activity"},
    ],
)
def test_the_choice_stands_in_the_address(parameters):
    choice = repository_lists.from_parameters(parameters)
    link = repository_lists.address(choice)
    assert link.startswith("#repositories")
    for name, value in parameters.items():
        assert name in link
        assert str(choice[name]) == value


@pytest.mark.parametrize("page", ["0", "-1", "x", "999999"])
def test_what_an_address_cannot_mean_is_ignored(page):
    choice = repository_lists.from_parameters({"page": page, "sort": "luck"})
    assert (choice["page"], choice["sort"]) == (1, "problems")


def test_words_and_pages():
    answer = {"total": 51, "per_page": 25, "watched": 60}
    assert repository_lists.page_count(answer) == 3
    choice = repository_lists.from_parameters({"source": "octo/*"})
    assert repository_lists.found_text(answer, choice) == "51 repositories of octo/*"
    assert repository_lists.found_text({**answer, "watched": 0}, choice) == ""
    by_name = {**choice, "source": repository_lists.BY_NAME}
    assert repository_lists.found_text(answer, by_name) == "51 repositories added by name"
    assert repository_lists.bulk_label("Pause", 1200) == "Pause all 1,200"
    running = repository_lists.progress_text(200, 51, True, is_ended=False)
    assert running == "Paused 200 repositories, 51 left…"
    assert repository_lists.progress_text(1, 0, False, is_ended=True) == "Resumed 1 repository."
