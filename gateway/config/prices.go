package config

import (
	"regexp"
	"strconv"
	"strings"
)

var pricePattern = regexp.MustCompile(`^([0-9]{1,6})(?:\.([0-9]{2}))?$`)

// price turns pounds into pence: 25, or 25.00 with exactly two decimals; 0.01 to 100000.00, Pay's most.
func (c *checker) price(name, value string) int64 {
	parts := pricePattern.FindStringSubmatch(value)
	if parts == nil {
		c.fault(name, "must be pounds such as 25 or 25.50, with exactly two decimals where there are any")
		return 0
	}
	pounds, _ := strconv.ParseInt(parts[1], 10, 64)
	pence, _ := strconv.ParseInt("0"+parts[2], 10, 64)
	amount := pounds*100 + pence
	if amount < 1 || amount > 10_000_000 {
		c.fault(name, "must be from 0.01 to 100000.00")
	}
	return amount
}

// prices are choices with their prices: 1-day=6.00,8-day=13.50.
func (c *checker) prices(name, value string) map[string]int64 {
	prices := map[string]int64{}
	for _, item := range c.list(name, value) {
		choice, price, found := strings.Cut(item, "=")
		if _, twice := prices[choice]; twice {
			c.fault(name, "the choice %q is there twice", choice)
		}
		if !found || choice == "" {
			c.fault(name, "must be choice=price,choice=price")
			continue
		}
		prices[choice] = c.price(name, price)
	}
	if len(prices) == 0 {
		c.fault(name, "names no prices")
	}
	return prices
}
