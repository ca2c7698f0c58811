from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from case_router.classify import Classification, Classifier
from case_router.pieces import HEAD, TAIL
from speakup.events import Channel, Kind, Language

REPORTS = {
    Language.en: "The warehouse manager sells our diesel to his cousin at night and forges the meter log.",
    Language.ru: "Начальник склада ночью продаёт солярку своему брату и подделывает журнал учёта.",
    Language.kk: "Қойма бастығы түнде солярканы інісіне сатып, есеп журналын қолдан толтырып жүр.",
}


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load()


@pytest.mark.parametrize("language", list(Language))
def test_a_plain_report_is_a_breach_report_in_its_language(
    classifier: Classifier, language: Language
) -> None:
    opinion = classifier.classify(REPORTS[language], Channel.email)
    assert (opinion.kind, opinion.language) == (Kind.breach_report, language)


def test_a_plain_question_is_an_inquiry(classifier: Classifier) -> None:
    text = "До какой суммы можно принять подарок от поставщика и в какой журнал его записать?"
    assert classifier.classify(text, Channel.phone).kind is Kind.policy_inquiry


def test_an_advertisement_is_out_of_scope_and_has_no_category(classifier: Classifier) -> None:
    text = (
        "Discount! Work boots, gloves, helmets, wholesale prices, free delivery. Unsubscribe here."
    )
    opinion = classifier.classify(text, Channel.email)
    assert (opinion.kind, opinion.category) == (Kind.out_of_scope, None)


def test_the_category_of_a_clear_report_is_told(classifier: Classifier) -> None:
    text = (
        "Our tender committee splits the lots so that the same three firms win in turn every month."
    )
    assert classifier.classify(text, Channel.email).category == "procurement_collusion"


def test_a_hint_against_the_opinion_is_for_a_person(classifier: Classifier) -> None:
    text = REPORTS[Language.ru]
    agreed = classifier.classify(text, Channel.phone, Kind.breach_report)
    against = classifier.classify(text, Channel.phone, Kind.policy_inquiry)
    assert against.needs_triage
    assert against.kind is agreed.kind


@pytest.mark.parametrize("text", ["", " \n", "😀🎉👍", "...", "12345", "\0\0", "\ud800"])
def test_what_has_no_words_is_for_a_person(classifier: Classifier, text: str) -> None:
    opinion = classifier.classify(text, Channel.email)
    assert opinion.needs_triage
    assert opinion.kind is not Kind.out_of_scope


@pytest.mark.parametrize(
    "text",
    [
        "Guten Tag, unser Chef nimmt Geld vom Lieferanten.",
        "您好，我们的经理收受供应商的贿赂，请调查。",
    ],
)
def test_a_language_not_ours_is_for_a_person(classifier: Classifier, text: str) -> None:
    opinion = classifier.classify(text, Channel.email)
    assert opinion.needs_triage
    assert opinion.language is None


def test_russian_in_latin_letters_is_known_and_for_a_person(classifier: Classifier) -> None:
    text = "Nash nachalnik beret dengi s postavshika kajdyi mesyac."
    opinion = classifier.classify(text, Channel.email)
    assert opinion.needs_triage
    assert opinion.language is Language.ru


def test_what_follows_a_nul_is_read(classifier: Classifier) -> None:
    text = REPORTS[Language.en]
    assert classifier.classify("\0" + text, Channel.email) == classifier.classify(
        text, Channel.email
    )


@pytest.mark.parametrize(
    "text",
    [
        "Начальник склада продаёт солярку. " * 30_000,
        "x7q" * 350_000,
        "\ufdfa" * 350_000,
        "您" * 350_000,
        "а\n" * 500_000,
    ],
    ids=["sentences", "no-spaces", "expanding", "ideographs", "lines"],
)
def test_a_megabyte_takes_no_longer_than_what_is_read_of_it(
    classifier: Classifier, text: str
) -> None:
    def seconds(text: str) -> float:
        began = time.thread_time()
        classifier.classify(text, Channel.email)
        return time.thread_time() - began

    assert seconds(text) < 3 * seconds(text[: HEAD + TAIL]) + 0.1


def test_threads_get_the_opinions_one_thread_gets(classifier: Classifier) -> None:
    texts = [*REPORTS.values(), "Сколько дней отпуска положено вахтовику?"]
    alone = [classifier.classify(text, Channel.email) for text in texts]
    found: dict[int, list[Classification]] = {}

    def work(name: int) -> None:
        found[name] = [classifier.classify(text, Channel.email) for text in texts]

    threads = [threading.Thread(target=work, args=(name,)) for name in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[name] for name in range(3)] == [alone] * 3


def test_running_needs_no_training_package() -> None:
    code = "import sys, case_router.classify; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
