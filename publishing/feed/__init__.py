"""The Care Record feed: what is published and what is withheld, as FHIR R4, pure throughout."""
