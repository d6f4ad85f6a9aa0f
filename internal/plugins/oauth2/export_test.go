package oauth2

// RedirectTo lets tests make addresses.
func RedirectTo(uri string, fragment bool, with [][2]string) string {
	return redirectTo(uri, fragment, with)
}
