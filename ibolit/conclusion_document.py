"""A conclusion as the document that is printed, kept as a PDF and laid into the copy of somebody's data."""

from __future__ import annotations

from datetime import date

from flask import get_template_attribute, render_template

from .config import current_settings
from .formatting import in_full, period_in_full
from .models import Conclusion, Consultation, IdentityLevel, Sex, SignatureKind
from .models.people import birth_dates
from .services import pdf

IDENTITIES = {IdentityLevel.PHONE: "подтверждена по телефону"}
SIGNATURES = {
    SignatureKind.SIMPLE: "простая электронная подпись",
    SignatureKind.ENHANCED: "усиленная неквалифицированная электронная подпись",
    SignatureKind.QUALIFIED: "усиленная квалифицированная электронная подпись",
}


def conclusion_document(consultation: Consultation, conclusion: Conclusion) -> pdf.PdfDocument:
    """By the clinic's own clock: whoever reads it elsewhere sees the same."""
    doctor = consultation.doctor
    kind, named = conclusion.signature_kind, conclusion.named(consultation)
    return pdf.PdfDocument(
        title="Заключение",
        clinic=current_settings.clinic_name,
        legal_name=current_settings.clinic_legal_name,
        licence=current_settings.clinic_licence,
        doctor=doctor.user.name,
        specialty=doctor.specialty,
        documents=doctor.licence,
        patient=named.name,
        age_and_sex=_age_and_sex_at(consultation, named.birth_date, named.sex),
        writer=named.writer,
        identity=IDENTITIES[consultation.patient.identity_level],
        when=period_in_full(*consultation.held_at, current_settings.clinic_timezone),
        version=f"Версия {conclusion.version} отправлена пациенту "
        + in_full(conclusion.created_at, current_settings.clinic_timezone),
        text=[pdf.Paragraph(one.text, one.is_heading) for one in conclusion.paragraphs],
        files=[one.name for one in conclusion.files],
        notice=render_template("fragments/consultations/paper_limits.txt"),
        signature=SIGNATURES[kind] if kind is not None else "",
        made_at=conclusion.created_at,
    )


def _age_and_sex_at(consultation: Consultation, born: date | None, sex: Sex | None) -> str:
    """«43 года, женский пол», on the day it took place; what the patient has not said is left out."""
    began_at, _ = consultation.held_at
    day = began_at.astimezone(current_settings.clinic_timezone).date()
    age, months = (birth_dates.age_of(born, day), birth_dates.months_of(born, day)) if born else (None, None)
    words = get_template_attribute("macros/people.html", "words_of_age_and_sex")
    return str(words(age, months, sex))
