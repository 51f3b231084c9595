// Proved by TestProxied.

package listen

import "fmt"

// Proxied marks the listeners whose connections begin with a header of the PROXY protocol: those of the addresses. An error
// begins with the flag's name.
func Proxied(list []Listener, addresses []string) error {
	for _, address := range addresses {
		want, err := Parse(address)
		if err != nil {
			return fmt.Errorf("--proxy-protocol %w", err)
		}
		found := false
		for i := range list {
			if list[i].Network == want.Network && list[i].Address == want.Address {
				list[i].Proxy, found = true, true
			}
		}
		if !found {
			return fmt.Errorf("--proxy-protocol %q: no --listen or --tls-listen has this address", address)
		}
	}
	return nil
}
