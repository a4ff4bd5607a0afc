"""Understands the caseloads that providers send, in whatever shape they keep them."""

from connectors.intake.habits import Habits
from connectors.intake.receipts import Receipt, receipt, receipt_of_refusal
from connectors.intake.templates import template
from connectors.intake.understanding import ColumnTaken, Skipped, Understood, understand

__all__ = [
    "ColumnTaken",
    "Habits",
    "Receipt",
    "Skipped",
    "Understood",
    "receipt",
    "receipt_of_refusal",
    "template",
    "understand",
]
