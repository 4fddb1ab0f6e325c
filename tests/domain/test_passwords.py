"""What is stored of a password says whether another one is the same, and no more."""

from __future__ import annotations

from ingest.domain.passwords import hash_password, is_scrypt_hash, verify_password


def test_only_the_same_password_matches() -> None:
    stored = hash_password("correct horse")
    assert verify_password("correct horse", stored)
    assert not verify_password("correct horse ", stored)
    assert not verify_password("", stored)


def test_a_password_is_not_in_its_hash_and_two_hashes_differ() -> None:
    first, second = hash_password("correct horse"), hash_password("correct horse")
    assert first != second
    assert "correct" not in first
    assert is_scrypt_hash(first)
    assert not is_scrypt_hash("$2a$10$abcdefghijklmnopqrstuv")


def test_a_password_is_whole_whatever_its_characters_and_length() -> None:
    """With bcrypt it ended at 72 bytes and at a NUL."""
    for password in ("ä" * 100, "a\0b", "\ud800"):
        stored = hash_password(password)
        assert verify_password(password, stored)
        assert not verify_password(password[:-1], stored)
