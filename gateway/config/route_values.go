package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"paygate/gateway"
	"paygate/gateway/form"
	"paygate/journey"
)

// price is what a request costs, in pence, unless the service says so.
type price struct {
	pence    int64
	upstream bool
}

func parsePrice(text string) (price, error) {
	if text == "upstream" {
		return price{upstream: true}, nil
	}
	pence, err := journey.ParsePounds(text)
	return price{pence: pence}, err
}

// parsePrices returns the price of each choice, in pence: 1-day=6.00,8-day=13.50,blue-badge=0.00.
func parsePrices(text string) (map[string]int64, error) {
	prices := map[string]int64{}
	_, err := parseEach(text, func(item string) (pence int64, err error) {
		choice, price, found := strings.Cut(item, "=")
		if _, twice := prices[choice]; twice {
			return 0, fmt.Errorf("the choice %q appears twice", choice)
		}
		if !found || choice == "" {
			return 0, errors.New("must be choice=price,choice=price")
		}
		if price != "0.00" && price != "0" {
			pence, err = journey.ParsePounds(price)
		}
		prices[choice] = pence
		return pence, err
	})
	if err != nil {
		return prices, err
	}
	return prices, checkFree(prices)
}

// checkFree reports prices of which none costs anything, and choices that cost nothing and that some service takes for
// one that costs something.
func checkFree(prices map[string]int64) error {
	var free, paid []string
	for choice, pence := range prices {
		if pence == 0 {
			free = append(free, choice)
		} else {
			paid = append(paid, choice)
		}
	}
	if len(paid) == 0 {
		return errors.New("names no price above zero")
	}
	var errs []error
	for _, choice := range free {
		if (form.Field{Value: choice}).CouldEqual(paid...) {
			errs = append(errs, fmt.Errorf("some services take %q, which costs nothing, for another choice", choice))
		}
	}
	return errors.Join(errs...)
}

func parseCondition(text string) (form.Condition, error) {
	text, isForm := strings.CutPrefix(text, "form:")
	field, value, found := strings.Cut(text, "=")
	if !isForm || field == "" {
		return form.Condition{}, errors.New("must be form:FIELD=VALUE, or form:FIELD for any value")
	}
	return form.Condition{Field: field, Value: value, AnyValue: !found}, nil
}

// parseMetadata applies Pay's limits: 15 pairs, keys of 1 to 30 characters that differ in more than case (FACTS 2.1).
func parseMetadata(text string) (map[string]form.Template, error) {
	metadata, lower := map[string]form.Template{}, map[string]bool{}
	_, err := parseEach(text, func(item string) (_ string, err error) {
		key, value, found := strings.Cut(item, "=")
		switch {
		case !found || key == "":
			return "", errors.New("must be key=value,key=value")
		case len([]rune(key)) > 30:
			return "", fmt.Errorf("the key %q is longer than 30 characters", key)
		case lower[strings.ToLower(key)]:
			return "", fmt.Errorf("the key %q appears twice", key)
		case !strings.Contains(value, "{") && len([]rune(value)) > 100:
			return "", fmt.Errorf("the value of %q is longer than 100 characters", key)
		}
		lower[strings.ToLower(key)] = true
		metadata[key], err = form.ParseTemplate(value)
		return key, err
	})
	if len(metadata) > 15 {
		err = errors.Join(err, errors.New("has more than 15 pairs"))
	}
	return metadata, err
}

func parsePrefill(text string) (gateway.PrefillFields, error) {
	var p gateway.PrefillFields
	fields := map[string]*string{
		"email": &p.Email, "cardholder_name": &p.CardholderName, "line1": &p.Line1, "line2": &p.Line2,
		"city": &p.City, "postcode": &p.Postcode, "country": &p.Country,
	}
	_, err := parseEach(text, func(item string) (string, error) {
		key, field, found := strings.Cut(item, "=")
		if !found || fields[key] == nil {
			return "", fmt.Errorf("%q must be email, cardholder_name, line1, line2, city, postcode or country, "+
				"then = and the form's field", key)
		}
		*fields[key] = field
		return field, nil
	})
	return p, err
}

func parseShares(text string) (shares, error) {
	return parseWords(text, journey.ShareCardBrand, journey.ShareCardLast4, journey.ShareEmail)
}

func parseGetQuery(text string) (getQuery, error) {
	if text == "*" {
		return nil, nil
	}
	names, err := parseList(text)
	if slices.Contains(names, "*") {
		return nil, errors.New("must be * for any parameter, or a list of names")
	}
	return names, err
}

func parseEmailField(text string) (emailField, error) {
	field, isForm := strings.CutPrefix(text, "{form:")
	field, closed := strings.CutSuffix(field, "}")
	if !isForm || !closed || strings.Trim(field, " ") == "" || strings.ContainsAny(field, "{}") {
		return "", errors.New("must be {form:FIELD}, with the name of the form field that has the address")
	}
	return emailField(field), nil
}
