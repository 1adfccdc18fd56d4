"""Partner files say who takes part; a mistake in one is said in words."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from deploy.partners_file import PartnerFileError, load, load_all
from shared.contracts import PartnerRegistered, Role, ServiceName

PARTNERS = Path(__file__).resolve().parents[2] / "deploy" / "partners"
MENSO = (PARTNERS / "menso.toml").read_text(encoding="utf-8")


@pytest.fixture
def said(tmp_path):
    """What is said of Menso's file with something in it replaced."""

    def of(old: str, new: str, name: str = "menso.toml") -> str:
        assert old in MENSO
        path = tmp_path / name
        path.write_text(MENSO.replace(old, new), encoding="utf-8")
        with pytest.raises(PartnerFileError) as refused:
            load(path)
        return str(refused.value)

    return of


def test_the_partners_of_emmen_are_declared():
    files = {file.record.partner: file for file in load_all(PARTNERS)}
    roles = {name: set(file.record.roles) for name, file in files.items()}
    assert roles == {
        "gemeente-emmen": {Role.MUNICIPALITY, Role.REGIE},
        "emco": {Role.HOST},
        "menso": {Role.GUIDE},
        "buurtsupport": {Role.GUIDE, Role.HOST},
        "uwv": {Role.ADVISOR},
    }
    assert files["buurtsupport"].record.agreement.effective_on == date(2020, 1, 1)
    assert files["emco"].record.agreement.effective_on == date(2017, 1, 1)
    assert files["menso"].topics == (
        "werkbedrijf.menso.inbox",
        "werkbedrijf.menso.intake",
        "werkbedrijf.menso.profiles",
        "werkbedrijf.menso.matching",
    )


def test_the_services_of_the_region_have_one_operator_each():
    operators = {
        each.service: file.record.partner
        for file in load_all(PARTNERS)
        for each in file.record.services
        if each.for_municipalities
    }
    assert operators == {
        ServiceName.MATCHING: "menso",
        ServiceName.QUOTA: "gemeente-emmen",
        ServiceName.NOTIFICATIONS: "gemeente-emmen",
    }


@pytest.mark.parametrize("path", sorted(PARTNERS.glob("*.toml")), ids=lambda path: path.stem)
def test_a_declared_partner_travels_as_an_event_and_says_that_its_number_is_fictive(path):
    record = load(path).record
    assert PartnerRegistered.model_validate_json(record.model_dump_json()) == record
    assert "is fictive" in path.read_text(encoding="utf-8")
    assert record.urn.startswith(("urn:nld:oin:00000099", "urn:nld:kvknr:9000000"))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PartnerFileError, match=r"nobody\.toml: "):
        load(tmp_path / "nobody.toml")


def test_a_file_that_is_not_toml_says_where(said):
    assert "line 3" in said('partner = "menso"', "partner = ")


def test_a_misspelt_field_is_a_mistake(said):
    assert "menso.toml: display_nam: no such field" in said("display_name", "display_nam")
    assert "agreement.effective: no such field" in said("effective_on", "effective")
    assert "services.1.for: no such field" in said("for_municipalities", "for")


def test_every_fault_is_said_at_once(said):
    text = said('urn = "urn:nld:kvknr:90000002"\nroles = ["guide"]', 'urn = "menso"\nroles = ["boss"]')
    assert "menso.toml: urn: " in text
    assert "menso.toml: roles.0: " in text


@pytest.mark.parametrize(
    "wrong", ['streams = "inbox"', "streams = []", "streams = [1]", 'streams = ["registry"]']
)
def test_streams_are_some_of_the_partners_own(said, wrong):
    assert "streams: " in said('streams = ["inbox", "intake", "profiles", "matching"]', wrong)


def test_a_stream_is_named_once(said):
    assert "streams: names something twice" in said('"profiles", "matching"]', '"profiles", "profiles"]')


def test_a_partner_has_the_streams_that_its_roles_and_services_write(said):
    assert "needs inbox and intake" in said('"inbox", ', "")
    assert "a guide needs profiles" in said('"profiles", ', "")
    assert "the service matching needs matching" in said(', "matching"]', "]")
    assert "quota is written by the service quota" in said('"matching"]', '"matching", "quota"]')


def test_a_guide_has_a_vault(said):
    assert "vault: a guide holds names" in said('vault = "http://127.0.0.1:18101"', "")


def test_a_file_is_called_after_its_partner(said):
    assert "must be called menso.toml" in said('"menso"', '"menso"', name="other.toml")


def test_a_folder_without_partner_files_is_refused(tmp_path):
    with pytest.raises(PartnerFileError, match="holds no partner file"):
        load_all(tmp_path)


def test_partners_that_contradict_each_other_are_refused(tmp_path):
    (tmp_path / "menso.toml").write_text(MENSO, encoding="utf-8")
    (tmp_path / "mensa.toml").write_text(MENSO.replace('"menso"', '"mensa"'), encoding="utf-8")
    with pytest.raises(PartnerFileError) as refused:
        load_all(tmp_path)
    assert "mensa and menso have the same urn" in str(refused.value)
    assert "mensa and menso both run matching for 0114" in str(refused.value)
    assert "one partner has the role regie, here it is none" in str(refused.value)
