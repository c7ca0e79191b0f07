package config

import (
	"strings"

	"paygate/journey"
)

// price turns pounds into pence.
func (c *checker) price(name, value string) int64 {
	amount, err := journey.ParsePounds(value)
	if err != nil {
		c.fault(name, "%v", err)
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
