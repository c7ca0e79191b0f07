package pay

import (
	"encoding/json"
	"regexp"
	"strings"

	"paygate/journey"
)

// payerOf reads what an answer says of the payer. Whatever cannot be read is left out: it must not make a journey fail.
func payerOf(body []byte) journey.Payer {
	var p struct {
		Email any `json:"email"`
		Card  struct {
			Brand any `json:"card_brand"`
			Last4 any `json:"last_digits_card_number"`
		} `json:"card_details"`
	}
	_ = json.Unmarshal(body, &p)
	return journey.Payer{
		CardBrand: brand(p.Card.Brand), CardLast4: matching(last4, p.Card.Last4),
		Email: email(p.Email),
	}
}

var (
	last4 = regexp.MustCompile(`^[0-9]{4}$`)
	// address is an e-mail address as most are written. Others are left out, because a header cannot carry them, or
	// because they would mean something else once cleaned.
	address = regexp.MustCompile("^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)*$")
)

func matching(pattern *regexp.Regexp, value any) string {
	text, _ := value.(string)
	return pattern.FindString(text)
}

func email(value any) string {
	if text, _ := value.(string); len(text) <= 254 {
		return matching(address, strings.TrimSpace(text))
	}
	return ""
}

// brand returns the printable ASCII of a card brand.
func brand(value any) string {
	text, _ := value.(string)
	return cut(strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text)), 40)
}
