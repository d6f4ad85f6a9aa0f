package pool

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

const (
	maxCSS   = 3 << 10
	maxImage = 100 << 10
	allUI    = "ALL" // the customization of clients that have none of their own
)

// UI is the look of classic hosted pages.
type UI struct {
	wire.UICustomization
	Image []byte `json:"image,omitempty"`
}

// Look returns the customization of a client's pages: its own, else the pool's, else the zero UI.
func (s *Service) Look(ctx context.Context, pool, client string) (ui UI, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		ui, err = look(tx, pool, client)
		return err
	})
	return ui, err
}

func look(tx *store.Tx, pool, client string) (ui UI, err error) {
	for _, id := range []string{client, allUI} {
		if id == "" {
			continue
		}
		if ui, err = object[UI](tx, pool, kindUI, id); !errors.Is(err, store.ErrNotFound) {
			return ui, err
		}
	}
	return UI{}, nil
}

func (s *Service) getUI(c *api.Call, in *wire.GetUICustomizationRequest) (*wire.GetUICustomizationResponse, error) {
	out := &wire.GetUICustomizationResponse{}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx) error {
		if in.ClientID != "" && in.ClientID != allUI {
			if _, _, err := clientIn(tx, in.UserPoolID, in.ClientID); err != nil {
				return err
			}
		}
		ui, err := look(tx, in.UserPoolID, in.ClientID)
		out.UICustomization = &ui.UICustomization
		return err
	})
}

// selector finds the class names of a style sheet's rules.
var selector = regexp.MustCompile(`\.[A-Za-z][\w-]*`)

// classes are those that hosted pages have, each with -customizable behind it.
var classes = strings.Fields(`background banner errorMessage idpButton idpDescription inputField label legalText logo passwordCheck-notValid
	passwordCheck-valid redirect socialButton submitButton textDescription`)

// checkCSS refuses what could do more than style the known classes.
func checkCSS(css string) error {
	if len(css) > maxCSS {
		return api.InvalidParameter.Errorf("CSS must not be larger than 3 KB.")
	}
	lower := strings.ToLower(css)
	for _, word := range []string{"@import", "@media", "@supports", "@page", "<", "javascript:", "expression(", "</"} {
		if strings.Contains(lower, word) {
			return api.InvalidParameter.Errorf("CSS contains an invalid statement: %s", word)
		}
	}
	for rest := css; ; {
		head, tail, ok := strings.Cut(rest, "{")
		for _, class := range selector.FindAllString(head, -1) {
			known := false
			for _, name := range classes {
				known = known || class == "."+name+"-customizable"
			}
			if !known {
				return api.InvalidParameter.Errorf("CSS contains an invalid class: %s", class)
			}
		}
		if !ok {
			return nil
		}
		if _, rest, ok = strings.Cut(tail, "}"); !ok {
			return api.InvalidParameter.Errorf("CSS is not valid: a brace is missing.")
		}
	}
}

func (s *Service) setUI(c *api.Call, in *wire.SetUICustomizationRequest) (*wire.SetUICustomizationResponse, error) {
	if err := checkCSS(in.CSS); err != nil {
		return nil, err
	}
	if len(in.ImageFile) > maxImage {
		return nil, api.InvalidParameter.Errorf("Image file must not be larger than 100 KB.")
	}
	id := or(in.ClientID, allUI)
	now := s.Now()
	var ui UI
	err := s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		domains, err := tx.Domains(in.UserPoolID)
		if err != nil {
			return err
		}
		if len(domains) == 0 {
			return api.InvalidParameter.Errorf("There has to be an existing domain associated with this user pool")
		}
		if id != allUI {
			if _, _, err := clientIn(tx, in.UserPoolID, id); err != nil {
				return err
			}
		}
		old, err := object[UI](tx, in.UserPoolID, kindUI, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		ui = UI{Image: old.Image, UICustomization: wire.UICustomization{UserPoolID: in.UserPoolID, ClientID: id, CSS: in.CSS,
			ImageURL:   old.ImageURL,
			CSSVersion: now.UTC().Format("20060102150405"), CreationDate: old.CreationDate, LastModifiedDate: wire.At(now)}}
		if ui.CreationDate == nil {
			ui.CreationDate = wire.At(now)
		}
		if in.ImageFile != nil {
			ui.Image = in.ImageFile
			if ui.ImageURL, err = logoAddress(tx, in.UserPoolID, id); err != nil {
				return err
			}
		}
		return put(tx, in.UserPoolID, kindUI, id, ui, now)
	})
	return &wire.SetUICustomizationResponse{UICustomization: &ui.UICustomization}, err
}

// logoAddress is where the pages show an image: below the address of the pool's pages, for a client. That of all clients is shown for any.
func logoAddress(tx *store.Tx, pool, client string) (string, error) {
	if client == allUI {
		some, err := tx.Clients(pool, "", 1)
		if err != nil || len(some) == 0 {
			return "", err
		}
		client = some[0].ID
	}
	return "/_assets/logo?client_id=" + client, nil
}

// branding is a style of managed login.
type branding struct {
	wire.ManagedLoginBranding
	ClientID string `json:"clientId"`
}

// Branding returns the style of a client's managed login pages, or store.ErrNotFound.
func (s *Service) Branding(ctx context.Context, pool, client string) (*wire.ManagedLoginBranding, error) {
	var b branding
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		b, err = brandingOf(tx, pool, client)
		return err
	})
	return &b.ManagedLoginBranding, err
}

func brandingOf(tx *store.Tx, pool, client string) (branding, error) {
	all, err := objects[branding](tx, pool, kindBranding, "", everything)
	if err != nil {
		return branding{}, err
	}
	for _, b := range all {
		if b.ClientID == client {
			return b, nil
		}
	}
	return branding{}, store.ErrNotFound
}

func noBranding(what string) error {
	return api.ResourceNotFound.Errorf("Managed login branding %s does not exist.", what)
}

func style(b *branding, provided *bool, settings json.RawMessage, assets []wire.Asset) error {
	if isTrue(provided) && (len(settings) > 0 || len(assets) > 0) {
		return api.InvalidParameter.Errorf("Settings and assets can not be set together with UseCognitoProvidedValues.")
	}
	if len(settings) > 0 && settings[0] != '{' {
		return api.InvalidParameter.Errorf("Settings must be a JSON object.")
	}
	b.UseCognitoProvidedValues, b.Settings, b.Assets = new(isTrue(provided)), settings, assets
	return nil
}

func (s *Service) createBranding(c *api.Call, in *wire.CreateManagedLoginBrandingRequest) (*wire.CreateManagedLoginBrandingResponse, error) {
	now := wire.At(s.Now())
	b := branding{ClientID: in.ClientID, ManagedLoginBranding: wire.ManagedLoginBranding{ManagedLoginBrandingID: uuid.NewString(),
		UserPoolID: in.UserPoolID, CreationDate: now, LastModifiedDate: now}}
	if err := style(&b, in.UseCognitoProvidedValues, in.Settings, in.Assets); err != nil {
		return nil, err
	}
	err := s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		if _, _, err := clientIn(tx, in.UserPoolID, in.ClientID); err != nil {
			return err
		}
		if _, err := brandingOf(tx, in.UserPoolID, in.ClientID); !errors.Is(err, store.ErrNotFound) {
			if err != nil {
				return err
			}
			return api.ManagedLoginBrandingExists.Errorf("A branding for client %s exists already.", in.ClientID)
		}
		return put(tx, in.UserPoolID, kindBranding, b.ManagedLoginBrandingID, b, s.Now())
	})
	return &wire.CreateManagedLoginBrandingResponse{ManagedLoginBranding: &b.ManagedLoginBranding}, err
}

func (s *Service) describeBranding(c *api.Call, in *wire.DescribeManagedLoginBrandingRequest) (
	*wire.DescribeManagedLoginBrandingResponse, error) {
	out := &wire.DescribeManagedLoginBrandingResponse{}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx) error {
		b, err := object[branding](tx, in.UserPoolID, kindBranding, in.ManagedLoginBrandingID)
		out.ManagedLoginBranding = &b.ManagedLoginBranding
		return translated(err, noBranding(in.ManagedLoginBrandingID), nil)
	})
}

func (s *Service) describeBrandingByClient(c *api.Call, in *wire.DescribeManagedLoginBrandingByClientRequest) (
	*wire.DescribeManagedLoginBrandingByClientResponse, error) {
	out := &wire.DescribeManagedLoginBrandingByClientResponse{}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx) error {
		if _, _, err := clientIn(tx, in.UserPoolID, in.ClientID); err != nil {
			return err
		}
		b, err := brandingOf(tx, in.UserPoolID, in.ClientID)
		out.ManagedLoginBranding = &b.ManagedLoginBranding
		return translated(err, noBranding("of client "+in.ClientID), nil)
	})
}

func (s *Service) updateBranding(c *api.Call, in *wire.UpdateManagedLoginBrandingRequest) (*wire.UpdateManagedLoginBrandingResponse, error) {
	out := &wire.UpdateManagedLoginBrandingResponse{}
	return out, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		b, err := object[branding](tx, in.UserPoolID, kindBranding, in.ManagedLoginBrandingID)
		if err != nil {
			return translated(err, noBranding(in.ManagedLoginBrandingID), nil)
		}
		if err := style(&b, in.UseCognitoProvidedValues, in.Settings, in.Assets); err != nil {
			return err
		}
		b.LastModifiedDate = wire.At(s.Now())
		out.ManagedLoginBranding = &b.ManagedLoginBranding
		return put(tx, in.UserPoolID, kindBranding, in.ManagedLoginBrandingID, b, s.Now())
	})
}

func (s *Service) removeBranding(c *api.Call, in *wire.DeleteManagedLoginBrandingRequest) (*wire.Empty, error) {
	err := s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		return tx.DeleteObject(in.UserPoolID, kindBranding, in.ManagedLoginBrandingID)
	})
	return &wire.Empty{}, translated(err, noBranding(in.ManagedLoginBrandingID), nil)
}
