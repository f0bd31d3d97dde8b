package csaf

// ProductTree is every product that the document speaks of (3.2.2).
type ProductTree struct {
	Branches         []Branch          `json:"branches,omitempty"`
	FullProductNames []FullProductName `json:"full_product_names,omitempty"`
	ProductGroups    []ProductGroup    `json:"product_groups,omitempty"`
	Relationships    []Relationship    `json:"relationships,omitempty"`
}

// Branch is a part of the tree: a vendor, below it its products, below them their
// versions (3.1.2). It has Branches or a Product.
type Branch struct {
	Branches []Branch        `json:"branches,omitempty"`
	Category string          `json:"category"` // vendor, product_name, product_version, product_version_range and others
	Name     string          `json:"name"`
	Product  FullProductName `json:"product,omitzero"`
}

// FullProductName is a product (3.1.3).
type FullProductName struct {
	Name      string               `json:"name"`
	ProductID string               `json:"product_id"`
	Helper    IdentificationHelper `json:"product_identification_helper,omitzero"`
}

// IdentificationHelper is how programs know a product (3.1.3.3).
type IdentificationHelper struct {
	CPE           string       `json:"cpe,omitempty"` // 2.2 or 2.3
	Hashes        []Hashes     `json:"hashes,omitempty"`
	ModelNumbers  []string     `json:"model_numbers,omitempty"`
	PURL          string       `json:"purl,omitempty"`
	SBOMURLs      []string     `json:"sbom_urls,omitempty"`
	SerialNumbers []string     `json:"serial_numbers,omitempty"`
	SKUs          []string     `json:"skus,omitempty"`
	GenericURIs   []GenericURI `json:"x_generic_uris,omitempty"`
}

// Hashes are those of one file (3.1.3.3.2).
type Hashes struct {
	FileHashes []FileHash `json:"file_hashes"`
	Filename   string     `json:"filename"`
}

// FileHash is a hash of a file (3.1.3.3.2.1).
type FileHash struct {
	Algorithm string `json:"algorithm"` // "sha256", as OpenSSL names it
	Value     string `json:"value"`     // hex
}

// GenericURI is a name for a product of a kind that CSAF does not know (3.1.3.3.8).
type GenericURI struct {
	Namespace string `json:"namespace"`
	URI       string `json:"uri"`
}

// ProductGroup is a set of products with a name (3.2.2.3).
type ProductGroup struct {
	GroupID    string   `json:"group_id"`
	ProductIDs []string `json:"product_ids"` // two or more
	Summary    string   `json:"summary,omitempty"`
}

// Relationship is one product on another, which makes a third (3.2.2.4).
type Relationship struct {
	Category           string          `json:"category"` // default_component_of, external_component_of, installed_on, installed_with, optional_component_of
	FullProductName    FullProductName `json:"full_product_name"`
	ProductReference   string          `json:"product_reference"`
	RelatesToReference string          `json:"relates_to_product_reference"`
}
