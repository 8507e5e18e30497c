"""Templates that most projects can fill: the names that attributes usually have, the likeliest first."""

from __future__ import annotations

EMAIL = ("{email}", "{email_address}", "{mail}")
PHONE = ("{phone}", "{mobile_phone}", "{mobile}", "{phone_number}", "{tel}")
GIVEN_NAME = ("{given_name}", "{first_name}")
FAMILY_NAME = ("{family_name}", "{last_name}")
BIRTHDATE = ("{birthdate}", "{birthday}", "{birth_date}", "{date_of_birth}")
GENDER = ("{gender}", "{sex}")
POSTAL_CODE = ("{postal_code}", "{zip}", "{zip_code}", "{postcode}")
CITY = ("{city}",)
COUNTRY = ("{country}", "{country_code}")
COMPANY = ("{company}", "{company_name}")
