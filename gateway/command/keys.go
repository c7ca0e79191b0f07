package command

import (
	"context"
	"fmt"

	"paygate/journey/seal"
)

// keys prints fresh secrets, ready to be pasted into the settings.
func keys(_ context.Context, e Env, args []string) error {
	if _, err := e.flags("keys", "", args, 0, nil); err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, `# To change PAYGATE_SECRETS later, put the new one in front: new,old.
# What the old one sealed stays readable.
# With several replicas, first give all of them old,new, or they cannot read what one of them seals with the new one.
PAYGATE_SECRETS=%s
PAYGATE_STAFF_TOKENS=admin:%s
`, seal.NewSecret(), seal.NewSecret())
	return nil
}
